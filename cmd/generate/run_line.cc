#include "cmd/generate/run_line.h"

#include <algorithm>

#include "base/text.h"
#include "cmd/container/create.h"
#include "cmd/container/run.h"

namespace creel::cmd {
namespace {

struct Known {
  std::string name;  // first long one
  bool boolean;
};

// By any of its names.
bool find(const std::vector<FlagInfo>& infos, const std::string& typed, Known& found) {
  for (const FlagInfo& info : infos) {
    const std::vector<std::string> names = split(info.names, ',');
    if (std::find(names.begin(), names.end(), typed) == names.end()) continue;
    const auto first =
        std::find_if(names.begin(), names.end(), [](const std::string& n) { return n.starts_with("--"); });
    found = {first == names.end() ? typed : *first, info.boolean};
    return true;
  }
  return false;
}

Error unreadable(const std::string& word) {
  return fail(Code::kInvalid,
              "the command line that made the container has a word that this creel does not know: " + word);
}

// "-it", "-eA=b", "-e A=b".
Result<void> read_cluster(const std::vector<FlagInfo>& infos, const std::vector<std::string>& argv, std::size_t& at,
                          std::vector<TypedFlag>& out) {
  const std::string word = argv[at++];
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::string letter = {'-', word[i]};
    Known known;
    if (!find(infos, letter, known)) return unreadable(word);
    const std::string attached = word.substr(i + 1);
    if (known.boolean && !attached.starts_with('=')) {
      out.push_back({known.name, "true", {letter}});
      continue;
    }
    if (!attached.empty()) {
      out.push_back({known.name, attached.starts_with('=') ? attached.substr(1) : attached, {letter + attached}});
      return {};
    }
    if (at == argv.size()) return unreadable(word);
    out.push_back({known.name, argv[at], {letter, argv[at]}});
    ++at;
    return {};
  }
  return {};
}

// Up to the first word that is no flag.
Result<void> read_flags(const std::vector<FlagInfo>& infos, const std::vector<std::string>& argv, std::size_t& at,
                        std::vector<TypedFlag>& out) {
  while (at < argv.size() && argv[at].size() > 1 && argv[at].front() == '-') {
    const std::string& word = argv[at];
    if (word == "--") {
      ++at;
      return {};
    }
    if (!word.starts_with("--")) {
      TRY(read_cluster(infos, argv, at, out));
      continue;
    }
    const Cut pair = cut(word, '=');
    Known known;
    if (!find(infos, pair.before, known)) return unreadable(word);
    ++at;
    if (pair.found || known.boolean) {
      out.push_back({known.name, pair.found ? pair.after : "true", {word}});
      continue;
    }
    if (at == argv.size()) return unreadable(word);
    out.push_back({known.name, argv[at], {word, argv[at]}});
    ++at;
  }
  return {};
}

}  // namespace

std::string RunLine::value(const std::string& name) const {
  std::string out;
  for (const TypedFlag& flag : flags) {
    if (flag.name == name) out = flag.value;
  }
  return out;
}

void RunLine::remove(const std::string& name) {
  std::erase_if(flags, [&](const TypedFlag& flag) { return flag.name == name; });
}

Result<RunLine> read_run_line(const std::vector<std::string>& argv) {
  engine::Options global;
  std::string log_level;
  Flags program;
  declare_global_flags(program, global, log_level);
  declare_program_flags(program, global);
  bool timing = false;
  program.flag("--timing", timing, "");
  std::size_t at = std::min<std::size_t>(1, argv.size());
  std::vector<TypedFlag> before;
  RunLine out;
  TRY(read_flags(program.infos(), argv, at, before));
  std::erase_if(before, [](const TypedFlag& flag) { return flag.name == "--timing"; });
  for (const TypedFlag& flag : before)
    out.program_flags.insert(out.program_flags.end(), flag.words.begin(), flag.words.end());
  if (at < argv.size() && argv[at] == "container") ++at;
  if (at == argv.size() || (argv[at] != "run" && argv[at] != "create")) {
    return fail(Code::kInvalid, "the command line that made the container is no run and no create: " + join(argv, " "));
  }
  Flags flags;
  RunCommand run;
  CreateCommand create;
  argv[at] == "run" ? run.declare(flags) : create.declare(flags);
  declare_global_flags(flags, global, log_level);
  ++at;
  TRY(read_flags(flags.infos(), argv, at, out.flags));
  out.rest.assign(argv.begin() + static_cast<std::ptrdiff_t>(at), argv.end());
  return out;
}

}  // namespace creel::cmd
