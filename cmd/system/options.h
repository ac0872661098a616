#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel __options: docs/OPTIONS.md, from the command table and from what Podman and Docker have.
class OptionsCommand : public Handler {
 public:
  void declare(Flags&) override {}
  Result<int> run(Context& context) override;
};

}  // namespace creel::cmd
