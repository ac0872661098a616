#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel volume reload: there are no drivers with volumes of their own, so that there is nothing to learn.
class VolumeReloadCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;
};

}  // namespace creel::cmd
