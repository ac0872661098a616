#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel image exists: only the exit code speaks.
class ImageExistsCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
