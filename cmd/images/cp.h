#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel cp
class CpCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool archive_ = true, overwrite_ = false, ignored_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
