#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "engine/container/options.h"

namespace creel::cmd {

// creel volume create: prints the name.
class VolumeCreateCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string driver_ = "local", name_;
  std::int64_t uid_ = engine::kNotGiven, gid_ = engine::kNotGiven;
  bool ignore_ = false;
  std::vector<std::string> labels_, options_, arguments_;
};

}  // namespace creel::cmd
