#include "engine/container/runtime_choice.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <vector>

#include "base/process.h"
#include "base/text.h"

namespace creel::engine {

namespace {

bool is_program(const std::string& path) {
  struct stat info {};
  return !path.empty() && path.front() == '/' && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

// creel-runtime is installed beside creel, which need not be in $PATH.
std::string beside_this_program(const std::string& name) {
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  if (size <= 0) return {};
  const std::string path(self, static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/') + 1) + name;
}

Result<RuntimeChoice> by_path(const std::string& path) {
  if (path.front() != '/') {
    return fail(Code::kInvalid, "OCI runtime \"" + path + "\": a name or an absolute path is expected");
  }
  if (!is_program(path)) {
    const bool absent = access(path.c_str(), F_OK) != 0;
    return fail(Code::kNotFound,
                "OCI runtime " + path + (absent ? " not found" : " is not a program that this user may execute"));
  }
  return RuntimeChoice{path, path};
}

}  // namespace

Result<RuntimeChoice> choose_runtime(const std::string& asked, const EngineConfiguration& configuration) {
  const std::string& name = asked.empty() ? configuration.runtime : asked;
  if (name.empty()) return RuntimeChoice{};
  if (name.find('/') != std::string::npos) return by_path(name);
  std::vector<std::string> places;
  if (const auto known = configuration.runtimes.find(name); known != configuration.runtimes.end()) {
    places = known->second;
  } else if (name == kOwnRuntime) {
    return RuntimeChoice{};
  }
  if (name == "creel-runtime") places.push_back(beside_this_program(name));
  for (const std::string& path : places) {
    if (is_program(path)) return RuntimeChoice{name, path};
  }
  auto found = find_program(name);
  if (found.ok()) return RuntimeChoice{name, std::move(*found)};
  places.emplace_back("$PATH");
  return fail(Code::kNotFound, "OCI runtime \"" + name + "\" not found in " + join(places, ", "))
      .with_hint("Install it, or say where it is: in [engine.runtimes] of containers.conf, or by --runtime /PATH");
}

}  // namespace creel::engine
