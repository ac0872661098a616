#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel tag IMAGE NAME...
class TagCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
