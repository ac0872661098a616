#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel __cleanup ID: run by a container's monitor as its last act, when nobody else removes a --rm container.
class CleanupCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
