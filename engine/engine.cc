#include "engine/engine.h"

#include <unistd.h>

#include <climits>

#include "base/file.h"
#include "base/text.h"
#include "engine/store_place.h"

namespace creel::engine {

namespace {

Result<std::string> mount_program_of(const std::vector<std::string>& storage_opts) {
  std::string program;
  for (const std::string& text : storage_opts) {
    const Cut option = cut(text, '=');
    if (option.before != "overlay.mount_program" && option.before != "mount_program") {
      return fail(Code::kUnsupported, "--storage-opt " + option.before + " is not built yet");
    }
    if (option.after.empty() || option.after.front() != '/') {
      return fail(Code::kInvalid, "--storage-opt " + text + ": the program's absolute path is needed");
    }
    if (access(option.after.c_str(), X_OK) != 0) return errno_error("--storage-opt " + text);
    program = option.after;
  }
  return program;
}

}  // namespace

Result<Engine> Engine::open(const Options& options) {
  Engine engine;
  engine.options_ = options;
  engine.identity_ = rootless::identity(options.inside_userns);
  TRY_SET(rootless::Directories directories, rootless::directories(engine.identity_, options.root, options.runroot));
  if (engine.identity_ == rootless::Identity::kUser && options.root.empty()) {
    TRY_SET(StorePlace place, store_place(directories));
    if (place.found_out && !place.reason.empty()) {
      engine.warn(directories.store + " cannot be a store (" + place.reason + "); that of this node is " + place.store);
    }
    directories.store = std::move(place.store);
    engine.not_at_home_ = std::move(place.reason);
  } else if (engine.identity_ == rootless::Identity::kUser) {
    TRY(check_named_place(directories));
  }
  engine.paths_ = storage::Paths{std::move(directories.store), std::move(directories.runtime)};
  TRY_SET(engine.mount_program_, mount_program_of(options.storage_opts));
  return engine;
}

Result<storage::Store*> Engine::store(storage::Store::Access access) {
  if (!store_) {
    TRY_SET(store_, storage::Store::open(paths_, access));
  } else if (access == storage::Store::Access::kWrite) {
    TRY(store_->make_writable());
  }
  return store_.get();
}

Result<const EngineConfiguration*> Engine::configuration() {
  if (!configuration_) {
    TRY_SET(configuration_, load_configuration(rootless()));
  }
  return &*configuration_;
}

std::vector<std::string> Engine::self_argv(bool inside_userns) const {
  char target[PATH_MAX];
  ssize_t size = readlink("/proc/self/exe", target, sizeof target);
  std::string self = size > 0 ? std::string(target, static_cast<std::size_t>(size)) : "creel";
  std::vector<std::string> argv{std::move(self), "--root", paths_.store, "--runroot", paths_.runtime};
  if (inside_userns && identity_ != rootless::Identity::kRoot) argv.emplace_back("--inside-userns");
  return argv;
}

void Engine::warn(const std::string& text) const {
  (void)write_all(STDERR_FILENO, "Warning: " + text + "\n").ok();
}

}  // namespace creel::engine
