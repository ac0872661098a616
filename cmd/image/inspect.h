#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel image inspect
class ImageInspectCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string format_, platform_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
