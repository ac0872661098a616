#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel version: there is only a client.
class VersionCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string format_;
};

}  // namespace creel::cmd
