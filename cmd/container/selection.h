// Which containers a command is about: names, --cidfile, --all, --filter, --latest. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/flags.h"
#include "engine/engine.h"

namespace creel::cmd {

struct Target {
  std::string name;    // as given, or the full ID: what is looked up, and echoed
  bool ended = false;   // known not to run
  bool paused = false;  // known to be paused
};

// The first line of a --cidfile.
Result<std::string> read_cidfile(const std::string& path);
// The full ID of the container that was created last. kNotFound.
Result<std::string> latest_container(engine::Engine& engine);

class Selection {
 public:
  // Each command takes its own choice of these.
  void declare_names(Flags& flags);
  void declare_all(Flags& flags, std::string_view names, std::string_view help);
  void declare_cidfile(Flags& flags);
  void declare_filter(Flags& flags, std::string_view names);
  void declare_ignore(Flags& flags, std::string_view names);
  void declare_latest(Flags& flags);

  // kInvalid: nothing given, or what cannot stand together. kNotFound: --latest and there is none.
  // Names are not looked up: the error of each belongs to the act on it. `running`: --all means those that run.
  Result<std::vector<Target>> resolve(engine::Engine& engine, bool running = false) const;
  // Without any name, file or condition: all.
  void all_unless_named();
  [[nodiscard]] bool ignore() const { return ignore_; }
  [[nodiscard]] bool all() const { return all_; }

 private:
  Result<void> check() const;
  bool all_ = false, ignore_ = false, latest_ = false;
  std::vector<std::string> names_, cidfiles_, filters_;
};

}  // namespace creel::cmd
