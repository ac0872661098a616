#include "cmd/flags.h"

#include <algorithm>

#include "base/text.h"
#include "cmd/unbuilt.h"

namespace creel::cmd {
namespace {

enum class Kind : std::uint8_t { kBool, kOptionalBool, kString, kOptionalString, kInteger, kList };

struct Entry {
  Kind kind;
  void* target;
  std::vector<std::string> longs;  // without dashes
  std::string shorts;
  bool csv = false;
  bool given = false;
  std::optional<std::string> implied;
};

// "-n, --last", as pflag names a flag in its messages.
std::string shown(const Entry& entry) {
  std::string text;
  if (!entry.shorts.empty()) text = std::string("-") + entry.shorts[0] + ", ";
  return text + "--" + entry.longs[0];
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

// One record of comma-separated values: fields may be quoted, "" inside quotes is a quote.
bool split_csv(const std::string& text, std::vector<std::string>& fields) {
  std::string field;
  std::size_t at = 0;
  while (true) {
    field.clear();
    if (at < text.size() && text[at] == '"') {
      ++at;
      while (true) {
        if (at >= text.size()) return false;
        if (text[at] != '"') {
          field += text[at++];
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          field += '"';
          at += 2;
        } else {
          ++at;
          break;
        }
      }
      if (at < text.size() && text[at] != ',') return false;
    } else {
      while (at < text.size() && text[at] != ',') {
        if (text[at] == '"') return false;
        field += text[at++];
      }
    }
    fields.push_back(field);
    if (at >= text.size()) return true;
    ++at;
  }
}

Error bad_value(const Entry& entry, const std::string& value, const std::string& why) {
  return fail(Code::kInvalid, "invalid argument \"" + value + "\" for \"" + shown(entry) + "\" flag: " + why);
}

// pflag passes Go's own words through; scripts and eyes know them.
Error bad_syntax(const Entry& entry, const std::string& value, const std::string& function) {
  return bad_value(entry, value, "strconv." + function + ": parsing \"" + value + "\": invalid syntax");
}

}  // namespace

struct Flags::Impl {
  std::vector<Entry> entries;
  std::vector<FlagInfo> infos;  // parallel to entries
  std::vector<std::string>* positional = nullptr;
  bool passthrough = false;
  bool help = false;
  std::size_t argument_count = 0;
  std::string path;
  std::string program = "creel";

  void add(std::string_view names, Kind kind, void* target, std::string_view placeholder, std::string_view help_text,
           std::string fallback) {
    Entry entry{kind, target, {}, {}};
    for (std::size_t at = 0; at < names.size();) {
      const std::size_t end = std::min(names.find(',', at), names.size());
      const std::string_view name = names.substr(at, end - at);
      if (name.starts_with("--")) {
        entry.longs.emplace_back(name.substr(2));
      } else if (name.size() == 2) {
        entry.shorts += name[1];
      }
      at = end + 1;
    }
    entries.push_back(std::move(entry));
    const bool boolean = kind == Kind::kBool || kind == Kind::kOptionalBool;
    infos.push_back({std::string(names),
                     std::string(placeholder),
                     std::string(help_text),
                     boolean,
                     false,
                     {},
                     std::move(fallback)});
  }

  Entry* by_long(std::string_view name) {
    for (Entry& entry : entries) {
      if (std::find(entry.longs.begin(), entry.longs.end(), name) != entry.longs.end()) return &entry;
    }
    return nullptr;
  }
  Entry* by_short(char letter) {
    for (Entry& entry : entries) {
      if (entry.shorts.find(letter) != std::string::npos) return &entry;
    }
    return nullptr;
  }

  [[nodiscard]] bool unbuilt(const std::string& flag) const { return program == "creel" && known_flag(path, flag); }
  [[nodiscard]] std::string see() const { return "See '" + program + (path.empty() ? "" : " " + path) + " --help'"; }

  [[nodiscard]] Error unknown_long(const std::string& name) const {
    if (unbuilt("--" + name)) {
      return refusal("--" + name, refusal_reason(path, "--" + name));
    }
    std::vector<std::string> candidates;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      // The global flags are hidden in every command's help, but they are what one may mean before a command.
      if (infos[i].hidden && (!path.empty() || infos[i].help.empty())) continue;
      candidates.insert(candidates.end(), entries[i].longs.begin(), entries[i].longs.end());
    }
    std::string near = closest(name, candidates);
    if (near.empty() && name.size() > 2) {
      for (const std::string& candidate : candidates) {
        if (near.empty() && candidate.starts_with(name)) near = candidate;
      }
    }
    std::string hint = near.empty() ? "" : "Did you mean --" + near + "?\n";
    return fail(Code::kInvalid, "unknown flag: --" + name).with_hint(hint + see());
  }

  [[nodiscard]] Error unknown_short(char letter, const std::string& arg) const {
    const std::string flag = std::string("-") + letter;
    if (unbuilt(flag)) return fail(Code::kUnsupported, flag + " is not built yet");
    return fail(Code::kInvalid, std::string("unknown shorthand flag: '") + letter + "' in " + arg).with_hint(see());
  }

  Result<void> set(Entry& entry, const std::string& value) {
    entry.given = true;
    switch (entry.kind) {
      case Kind::kBool:
      case Kind::kOptionalBool: {
        const std::optional<bool> parsed = parse_bool(value);
        if (!parsed) {
          return bad_syntax(entry, value, "ParseBool").with_hint(see());
        }
        if (entry.kind == Kind::kBool) {
          *static_cast<bool*>(entry.target) = *parsed;
        } else {
          *static_cast<std::optional<bool>*>(entry.target) = *parsed;
        }
        return {};
      }
      case Kind::kString:
        *static_cast<std::string*>(entry.target) = value;
        return {};
      case Kind::kOptionalString:
        *static_cast<std::optional<std::string>*>(entry.target) = value;
        return {};
      case Kind::kInteger: {
        const std::string_view digits = std::string_view(value).substr(value.starts_with('+') ? 1 : 0);
        auto parsed = parse_int(digits, "value");
        if (!parsed) {
          return bad_syntax(entry, value, "ParseInt").with_hint(see());
        }
        *static_cast<std::int64_t*>(entry.target) = *parsed;
        return {};
      }
      case Kind::kList: {
        auto& list = *static_cast<std::vector<std::string>*>(entry.target);
        if (!entry.csv) {
          list.push_back(value);
          return {};
        }
        std::vector<std::string> fields;
        if (!value.empty() && !split_csv(value, fields)) {
          return bad_value(entry, value, "unbalanced double quotes").with_hint(see());
        }
        list.insert(list.end(), fields.begin(), fields.end());
        return {};
      }
    }
    return {};
  }

  [[nodiscard]] static const std::string* stand_alone(const Entry& entry) {
    static const std::string yes = "true";
    if (entry.kind == Kind::kBool || entry.kind == Kind::kOptionalBool) return &yes;
    return entry.implied ? &*entry.implied : nullptr;
  }

  Result<void> parse_long(const std::vector<std::string>& args, std::size_t& at) {
    const std::string body = args[at].substr(2);
    const std::size_t equals = body.find('=');
    const std::string name = body.substr(0, equals);
    if (name.empty() || name[0] == '-') return fail(Code::kInvalid, "bad flag syntax: " + args[at]).with_hint(see());
    Entry* entry = by_long(name);
    if (entry == nullptr) {
      if (name != "help") return unknown_long(name);
      help = true;
      return {};
    }
    if (equals != std::string::npos) return set(*entry, body.substr(equals + 1));
    if (const std::string* value = stand_alone(*entry)) return set(*entry, *value);
    if (at + 1 >= args.size()) return fail(Code::kInvalid, "flag needs an argument: --" + name).with_hint(see());
    return set(*entry, args[++at]);
  }

  Result<void> parse_cluster(const std::vector<std::string>& args, std::size_t& at) {
    const std::string arg = args[at];
    for (std::size_t i = 1; i < arg.size(); ++i) {
      Entry* entry = by_short(arg[i]);
      if (entry == nullptr) {
        if (arg[i] != 'h') return unknown_short(arg[i], arg);
        help = true;
        continue;
      }
      if (i + 1 < arg.size() && arg[i + 1] == '=') return set(*entry, arg.substr(i + 2));
      if (const std::string* value = stand_alone(*entry)) {
        TRY(set(*entry, *value));
        continue;
      }
      if (i + 1 < arg.size()) return set(*entry, arg.substr(i + 1));
      if (at + 1 < args.size()) return set(*entry, args[++at]);
      return fail(Code::kInvalid, std::string("flag needs an argument: '") + arg[i] + "' in " + arg).with_hint(see());
    }
    return {};
  }
};

Flags::Flags() : impl_(std::make_unique<Impl>()) {}
Flags::~Flags() = default;

Flags& Flags::flag(std::string_view names, bool& target, std::string_view help) {
  impl_->add(names, Kind::kBool, &target, "", help, target ? "true" : "");
  return *this;
}
Flags& Flags::flag(std::string_view names, std::optional<bool>& target, std::string_view help) {
  impl_->add(names, Kind::kOptionalBool, &target, "", help, "");
  return *this;
}
Flags& Flags::value(std::string_view names, std::string& target, std::string_view placeholder, std::string_view help) {
  impl_->add(names, Kind::kString, &target, placeholder, help, target);
  return *this;
}
Flags& Flags::value(std::string_view names, std::optional<std::string>& target, std::string_view placeholder,
                    std::string_view help) {
  impl_->add(names, Kind::kOptionalString, &target, placeholder, help, target.value_or(""));
  return *this;
}
Flags& Flags::integer(std::string_view names, std::int64_t& target, std::string_view placeholder,
                      std::string_view help) {
  impl_->add(names, Kind::kInteger, &target, placeholder, help, target > 0 ? std::to_string(target) : "");
  return *this;
}
Flags& Flags::list(std::string_view names, std::vector<std::string>& target, std::string_view placeholder,
                   std::string_view help) {
  impl_->add(names, Kind::kList, &target, placeholder, help, "");
  return *this;
}

Flags& Flags::choices(std::vector<std::string> values) {
  impl_->infos.back().choices = std::move(values);
  return *this;
}
Flags& Flags::hidden() {
  impl_->infos.back().hidden = true;
  return *this;
}
Flags& Flags::csv() {
  impl_->entries.back().csv = true;
  return *this;
}
Flags& Flags::implied(std::string value) {
  impl_->entries.back().implied = std::move(value);
  return *this;
}
Flags& Flags::program(std::string name) {
  impl_->program = std::move(name);
  return *this;
}
Flags& Flags::arguments(std::vector<std::string>& target, bool passthrough) {
  impl_->positional = &target;
  impl_->passthrough = passthrough;
  return *this;
}

Result<void> Flags::parse(const std::vector<std::string>& args, std::string_view command_path) {
  impl_->path = command_path;
  std::vector<std::string> positional;
  for (std::size_t at = 0; at < args.size(); ++at) {
    const std::string& arg = args[at];
    const bool flag_like = arg.size() > 1 && arg[0] == '-';
    if (arg == "--" || (!flag_like && impl_->passthrough)) {
      const std::size_t first = arg == "--" ? at + 1 : at;
      positional.insert(positional.end(), args.begin() + static_cast<std::ptrdiff_t>(first), args.end());
      break;
    }
    if (!flag_like) {
      positional.push_back(arg);
    } else if (arg[1] == '-') {
      TRY(impl_->parse_long(args, at));
    } else {
      TRY(impl_->parse_cluster(args, at));
    }
  }
  impl_->argument_count = positional.size();
  if (impl_->positional != nullptr) {
    *impl_->positional = std::move(positional);
  } else if (!positional.empty() && !impl_->help) {
    return fail(Code::kInvalid, "`" + impl_->program + " " + impl_->path + "` takes no arguments");
  }
  return {};
}

bool Flags::given(std::string_view long_name) const {
  if (long_name.starts_with("--")) long_name.remove_prefix(2);
  const Entry* entry = impl_->by_long(long_name);
  return entry != nullptr && entry->given;
}
bool Flags::help_requested() const {
  return impl_->help;
}
std::size_t Flags::argument_count() const {
  return impl_->argument_count;
}
const std::vector<FlagInfo>& Flags::infos() const {
  return impl_->infos;
}

}  // namespace creel::cmd
