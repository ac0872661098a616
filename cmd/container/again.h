#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// For a monitor, which has descriptor 3's other end: the job of a container that it starts again.
class AgainCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
