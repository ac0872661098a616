#pragma once

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel container inspect
class InspectCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string format_;
  bool size_ = false;
  Selection selection_;
};

}  // namespace creel::cmd
