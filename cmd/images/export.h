#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel export: a container's files as a tar.
class ExportCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string output_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
