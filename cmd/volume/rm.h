#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel volume rm: with --force, the containers that use a volume go first.
class VolumeRmCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, force_ = false;
  std::int64_t time_ = INT64_MIN;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
