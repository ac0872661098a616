#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel __commands: the path of every visible command, for the lint that wants a manual page for each.
class CommandsCommand : public Handler {
 public:
  void declare(Flags&) override {}
  Result<int> run(Context& context) override;
};

}  // namespace creel::cmd
