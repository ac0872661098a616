#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel healthcheck run: the exit code tells, 0 or 1; "unhealthy" is printed as by Podman.
class HealthcheckRunCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
