#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel __complete KIND: names that a shell offers, one per line. Quiet and successful whatever happens: nobody wants
// an error in the middle of a line being typed.
class CompleteCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
