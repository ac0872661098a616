#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel unshare: a command, or a shell, in the engine's user namespace.
class UnshareCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
