#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel history: the steps that made an image, newest first.
class HistoryCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool human_ = true, no_trunc_ = false, quiet_ = false;
  std::string format_, platform_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
