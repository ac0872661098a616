#pragma once

#include "cmd/command.h"
#include "cmd/container/attach_flags.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel attach: joins a running container; the exit code is the container's, 0 when detached by keys.
class AttachCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  AttachFlags attach_;
  bool no_stdin_ = false;
  Selection selection_;
};

}  // namespace creel::cmd
