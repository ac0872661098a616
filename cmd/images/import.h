#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel import: a tar of files becomes an image of one layer.
class ImportCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool quiet_ = false;
  std::string message_, os_, arch_, variant_, platform_, signature_policy_;
  std::string progress_;
  std::vector<std::string> changes_, arguments_;
};

}  // namespace creel::cmd
