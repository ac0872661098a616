#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel system reset
class SystemResetCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool force_ = false;
};

}  // namespace creel::cmd
