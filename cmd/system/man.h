#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel __man DIRECTORY: creel.1 and creel-COMMAND.1 from the table and the flags that commands declare.
class ManCommand : public Handler {
 public:
  void declare(Flags& flags) override { flags.arguments(arguments_); }
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
