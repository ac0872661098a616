#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel commit: an image of what a container has changed; prints its ID.
class CommitCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string progress_;
  std::string author_, config_, format_ = "oci", iidfile_, message_;
  bool include_volumes_ = false, pause_ = false, no_pause_ = false, quiet_ = false, squash_ = false;
  std::vector<std::string> changes_, arguments_;
};

}  // namespace creel::cmd
