#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel secret create: prints the ID.
class SecretCreateCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool env_ = false, replace_ = false, ignore_ = false;
  std::string driver_ = "file";
  std::vector<std::string> driver_options_, labels_, arguments_;
};

}  // namespace creel::cmd
