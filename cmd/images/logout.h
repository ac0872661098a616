#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel logout: forgets credentials.
class LogoutCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false;
  std::string authfile_, compat_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
