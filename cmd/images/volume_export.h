#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel volume export
class VolumeExportCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string output_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
