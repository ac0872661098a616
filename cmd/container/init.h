#pragma once

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel init: all of a start but the command itself; echoes the names. --all: of those that neither run nor are initialized.
class InitCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Selection selection_;
};

}  // namespace creel::cmd
