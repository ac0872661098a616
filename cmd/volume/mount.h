#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel volume mount and unmount: a volume of the local driver is a directory that is always there.
class VolumeMountCommand : public Handler {
 public:
  explicit VolumeMountCommand(bool unmount = false) : unmount_(unmount) {}
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
  bool unmount_;
};

class VolumeUnmountCommand : public VolumeMountCommand {
 public:
  VolumeUnmountCommand() : VolumeMountCommand(true) {}
};

}  // namespace creel::cmd
