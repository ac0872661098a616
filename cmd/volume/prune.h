#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel volume prune
class VolumePruneCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, force_ = false;
  std::vector<std::string> filters_;
};

}  // namespace creel::cmd
