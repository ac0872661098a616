#pragma once

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel pause, and creel unpause, which undoes it
class PauseCommand : public Handler {
 public:
  explicit PauseCommand(bool pauses = true) : pauses_(pauses) {}
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  const bool pauses_;
  Selection selection_;
};

class UnpauseCommand : public PauseCommand {
 public:
  UnpauseCommand() : PauseCommand(false) {}
};

}  // namespace creel::cmd
