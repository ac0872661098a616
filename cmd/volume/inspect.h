#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel volume inspect.
class VolumeInspectCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false;
  std::string format_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
