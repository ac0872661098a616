#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel load: images from an archive, a pipe or a directory.
class LoadCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool quiet_ = false;
  std::string progress_;
  std::string input_, platform_;
  std::string signature_policy_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
