#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel info: host, store and version, with Podman's keys.
class InfoCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string format_;
  bool ignored_ = false;
};

}  // namespace creel::cmd
