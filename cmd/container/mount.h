#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel mount: shows containers' files as directories; without a container, what is mounted.
class MountCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, latest_ = false, no_trunc_ = false;
  std::string format_;
  std::vector<std::string> arguments_;
};

// creel unmount
class UnmountCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, force_ = false, latest_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
