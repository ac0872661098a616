#pragma once

#include "cmd/command.h"
#include "engine/container/clone.h"

namespace creel::cmd {

// creel container clone: prints the new container's full ID.
class CloneCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  engine::CloneOptions options_;
  bool run_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
