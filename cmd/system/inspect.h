#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel inspect: a container of that name, else an image.
class InspectAnyCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string format_, type_ = "all";
  bool size_ = false, latest_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
