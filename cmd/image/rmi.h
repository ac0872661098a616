#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel rmi: takes names away, deletes images that have none left.
class RmiCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, force_ = false, ignore_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
