#pragma once

#include "cmd/command.h"
#include "cmd/container/attach_flags.h"
#include "cmd/container/create_flags.h"

namespace creel::cmd {

// creel create: prints the full ID.
class CreateCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  CreateFlags create_;
  AttachFlags attach_;
};

}  // namespace creel::cmd
