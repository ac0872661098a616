#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel port: "80/tcp -> 127.0.0.1:8080", or the addresses of one port.
class PortCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, latest_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
