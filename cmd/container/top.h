#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel top: from the host's /proc; with arguments of ps, by ps in the container.
class TopCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool latest_ = false, list_ = false;
  std::vector<std::string> arguments_;
};

// The lines of ps without the one of itself: `arguments` are those that it was given.
std::string without_ps(const std::string& output, const std::vector<std::string>& arguments);

}  // namespace creel::cmd
