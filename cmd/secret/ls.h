#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel secret ls.
class SecretLsCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool quiet_ = false, no_heading_ = false;
  std::string format_;
  std::vector<std::string> filters_;
};

}  // namespace creel::cmd
