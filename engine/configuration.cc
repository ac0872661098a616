#include "engine/configuration.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/file.h"
#include "base/text.h"
#include "base/toml.h"

namespace creel::engine {

namespace {

constexpr std::size_t kLargestFile = 4 << 20;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// Distributions ship a file of 700 lines that are all comments, and a TOML parser reads them letter by letter: ten times
// what the rest costs. Lines stay where they are, for the errors. Empty: nothing is set.
std::string without_comments(std::string_view text) {
  if (text.find("\"\"\"") != std::string_view::npos || text.find("'''") != std::string_view::npos) {
    return std::string(text);
  }
  std::string out;
  bool sets = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    if (!line.empty() && line.front() != '#') {
      out += text.substr(0, end);
      sets |= line.front() != '[';
    }
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return sets ? out : std::string();
}

class FileReader {
 public:
  FileReader(const std::string& file, EngineConfiguration& out) : file_(file), out_(out) {}

  Result<void> read(const toml::table& root) {
    TRY_SET(const toml::table* engine, table(root, "engine"));
    if (engine != nullptr) {
      TRY(text(*engine, "runtime", out_.runtime));
      TRY(text(*engine, "cgroup_manager", out_.cgroup_manager));
      TRY(runtimes(*engine));
    }
    TRY_SET(const toml::table* containers, table(root, "containers"));
    if (containers == nullptr) return {};
    TRY(text(*containers, "log_driver", out_.log_driver));
    TRY(number(*containers, "log_size_max", out_.log_size_max));
    TRY(list(*containers, "default_ulimits", out_.default_ulimits));
    TRY(text(*containers, "init_path", out_.init_path));
    TRY(text(*containers, "shm_size", out_.shm_size));
    return number(*containers, "pids_limit", out_.pids_limit);
  }

 private:
  Error mistyped(std::string_view key, const char* expected) const {
    return fail(Code::kInvalid, file_ + ": " + std::string(key) + " is not " + expected);
  }

  Result<const toml::table*> table(const toml::table& in, const char* key) const {
    const toml::node* node = in.get(key);
    if (node == nullptr) return static_cast<const toml::table*>(nullptr);
    if (!node->is_table()) return mistyped(key, "a table");
    return node->as_table();
  }

  Result<void> text(const toml::table& in, const char* key, std::string& out) const {
    const toml::node* node = in.get(key);
    if (node == nullptr) return {};
    auto value = node->value_exact<std::string>();
    if (!value) return mistyped(key, "a string");
    out = std::move(*value);
    return {};
  }

  Result<void> number(const toml::table& in, const char* key, std::optional<std::int64_t>& out) const {
    const toml::node* node = in.get(key);
    if (node == nullptr) return {};
    auto value = node->value_exact<std::int64_t>();
    if (!value) return mistyped(key, "a whole number");
    out = *value;
    return {};
  }

  // Replaces what earlier files have, or with the element {append = true} adds to it.
  Result<void> list(const toml::table& in, std::string_view key, std::vector<std::string>& out) const {
    const toml::node* node = in.get(key);
    if (node == nullptr) return {};
    const toml::array* array = node->as_array();
    if (array == nullptr) return mistyped(key, "a list of strings");
    std::vector<std::string> values;
    bool append = false;
    for (const toml::node& item : *array) {
      if (const toml::table* option = item.as_table(); option != nullptr) {
        append = (*option)["append"].value_or(append);
      } else if (auto value = item.value_exact<std::string>()) {
        values.push_back(std::move(*value));
      } else {
        return mistyped(key, "a list of strings");
      }
    }
    if (append) {
      out.insert(out.end(), values.begin(), values.end());
    } else {
      out = std::move(values);
    }
    return {};
  }

  Result<void> runtimes(const toml::table& engine) {
    TRY_SET(const toml::table* named, table(engine, "runtimes"));
    if (named == nullptr) return {};
    for (const auto& [key, node] : *named) {
      const std::string name(key.str());
      TRY(list(*named, name, out_.runtimes[name]));
    }
    return {};
  }

  const std::string& file_;
  EngineConfiguration& out_;
};

Result<void> add(const std::string& file, EngineConfiguration& out) {
  auto whole = read_file(file, kLargestFile);
  if (!whole.ok()) {
    if (whole.error().err == ENOENT || whole.error().err == ENOTDIR) return {};
    return std::move(whole).error();
  }
  out.files.push_back(file);
  const std::string text = without_comments(*whole);
  if (text.empty()) return {};
  const toml::parse_result parsed = toml::parse(std::string_view(text));
  if (!parsed) {
    return fail(Code::kInvalid, file + ": line " + std::to_string(parsed.error().source().begin.line) + ": " +
                                    std::string(parsed.error().description()));
  }
  return FileReader(file, out).read(parsed.table());
}

void add_with_drop_ins(const std::string& file, std::vector<std::string>& files) {
  files.push_back(file);
  auto names = list_dir(file + ".d");
  if (!names.ok()) return;
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    if (name.ends_with(".conf")) files.push_back(file + ".d/" + name);
  }
}

// A file that somebody names is meant to be there.
Result<std::string> named_by(const char* variable) {
  std::string file = environment(variable);
  if (!file.empty() && !path_exists(file)) {
    return fail(Code::kNotFound, std::string(variable) + " names " + file + ", which does not exist");
  }
  return file;
}

}  // namespace

Result<EngineConfiguration> load_configuration(bool rootless) {
  std::vector<std::string> files;
  TRY_SET(std::string only, named_by("CONTAINERS_CONF"));
  if (!only.empty()) {
    files.push_back(std::move(only));
  } else {
    files.emplace_back("/usr/share/containers/containers.conf");
    add_with_drop_ins("/etc/containers/containers.conf", files);
    std::string home = environment("XDG_CONFIG_HOME");
    if (home.empty() && !environment("HOME").empty()) home = environment("HOME") + "/.config";
    if (rootless && !home.empty()) add_with_drop_ins(home + "/containers/containers.conf", files);
  }
  TRY_SET(std::string last, named_by("CONTAINERS_CONF_OVERRIDE"));
  if (!last.empty()) files.push_back(std::move(last));
  return load_configuration(files);
}

Result<EngineConfiguration> load_configuration(const std::vector<std::string>& files) {
  EngineConfiguration out;
  for (const std::string& file : files) TRY(add(file, out));
  return out;
}

}  // namespace creel::engine
