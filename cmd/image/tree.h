#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel image tree: an image's layers, and which images end where.
class TreeCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool what_requires_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
