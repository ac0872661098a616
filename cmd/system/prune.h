#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel system prune
class SystemPruneCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, build_ = false, external_ = false, force_ = false, volumes_ = false;
  std::vector<std::string> filters_;
};

}  // namespace creel::cmd
