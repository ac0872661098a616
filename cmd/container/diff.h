#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel diff, container diff, image diff: what was added, changed and deleted. The path says what a name may be.
class DiffCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 protected:
  std::string format_;
  bool latest_ = false;
  std::vector<std::string> arguments_;
};

// Which has no --latest.
class ImageDiffCommand : public DiffCommand {
 public:
  void declare(Flags& flags) override;
};

}  // namespace creel::cmd
