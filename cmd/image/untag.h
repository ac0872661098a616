#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel untag IMAGE [NAME...]: without names, all of the image's.
class UntagCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
