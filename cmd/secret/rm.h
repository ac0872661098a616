#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel secret rm: prints the IDs of those that are gone.
class SecretRmCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, ignore_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
