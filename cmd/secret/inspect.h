#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel secret inspect: the data with --showsecret alone.
class SecretInspectCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool pretty_ = false, show_ = false;
  std::string format_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
