#pragma once

#include "cmd/command.h"
#include "cmd/container/attach_flags.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel start: echoes the names; with -a the exit code is the container's.
class StartCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Selection selection_;
  AttachFlags keys_;
  bool attach_ = false, interactive_ = false;
};

}  // namespace creel::cmd
