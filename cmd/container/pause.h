#pragma once

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel pause
class PauseCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Selection selection_;
};

}  // namespace creel::cmd
