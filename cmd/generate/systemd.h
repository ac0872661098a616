#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "cmd/generate/unit.h"

namespace creel::cmd {

// creel generate systemd: prints a unit, or with --files writes it to the current directory and prints where.
class GenerateSystemdCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Result<Unit> unit(engine::Engine& engine);

  bool name_ = false, new_ = false, files_ = false, no_header_ = false, template_ = false;
  std::string restart_, prefix_ = "container", separator_ = "-", format_;
  std::int64_t restart_sec_ = kNotGiven, start_timeout_ = kNotGiven, stop_timeout_ = kNotGiven;
  std::vector<std::string> wants_, after_, requires_, env_;
  std::vector<std::string> arguments_;

  static constexpr std::int64_t kNotGiven = INT64_MIN;
};

}  // namespace creel::cmd
