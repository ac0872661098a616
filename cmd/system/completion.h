#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel __completion SHELL: a script from the table and the flags that commands declare; names come from __complete.
class CompletionCommand : public Handler {
 public:
  void declare(Flags& flags) override { flags.arguments(arguments_); }
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
