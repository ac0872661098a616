#pragma once

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel wait: prints the exit code of each, one per line, in the order given.
class WaitCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Selection selection_;
  bool first_ = false;
  std::string interval_ = "250ms";
  std::vector<std::string> conditions_;
};

}  // namespace creel::cmd
