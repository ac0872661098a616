#include "engine/engine.h"

#include <unistd.h>

#include <climits>

#include "base/file.h"

namespace creel::engine {

Result<Engine> Engine::open(const Options& options) {
  Engine engine;
  engine.options_ = options;
  engine.identity_ = rootless::identity(options.inside_userns);
  TRY_SET(rootless::Directories directories, rootless::directories(engine.identity_, options.root, options.runroot));
  engine.paths_ = storage::Paths{std::move(directories.store), std::move(directories.runtime)};
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

std::vector<std::string> Engine::self_argv(bool inside_userns) const {
  char target[PATH_MAX];
  ssize_t size = readlink("/proc/self/exe", target, sizeof target);
  std::string self = size > 0 ? std::string(target, static_cast<std::size_t>(size)) : "creel";
  std::vector<std::string> argv{std::move(self), "--root", paths_.store, "--runroot", paths_.runtime};
  if (inside_userns && identity_ != rootless::Identity::kRoot) argv.emplace_back("--inside-userns");
  return argv;
}

void Engine::warn(const std::string& text) const {
  if (warning_sink_) {
    warning_sink_(text);
    return;
  }
  (void)write_all(STDERR_FILENO, "Warning: " + text + "\n").ok();
}

}  // namespace creel::engine
