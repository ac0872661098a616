#pragma once

#include "cmd/command.h"
#include "cmd/container/attach_flags.h"
#include "cmd/container/create_flags.h"
#include "cmd/container/preserve_flags.h"

namespace creel::cmd {

// creel run: the exit code is the container's; with -d, prints the full ID.
class RunCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  CreateFlags create_;
  AttachFlags attach_;
  PreserveFlags preserve_;
  bool detach_ = false, remove_image_ = false;
};

}  // namespace creel::cmd
