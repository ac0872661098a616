#pragma once

#include "cmd/command.h"
#include "cmd/container/selection.h"
#include "engine/container/update.h"

namespace creel::cmd {

// creel update
class UpdateCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Selection selection_;
  engine::UpdateOptions options_;
};

}  // namespace creel::cmd
