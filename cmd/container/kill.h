#pragma once

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel kill
class KillCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Selection selection_;
  std::string signal_ = "KILL";
};

}  // namespace creel::cmd
