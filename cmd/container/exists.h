#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel container exists: only the exit code speaks.
class ExistsCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool ignored_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
