#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel container prune
class ContainerPruneCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool force_ = false;
  std::vector<std::string> filters_;
};

}  // namespace creel::cmd
