#pragma once

#include <cstdint>

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel rm: exit code 1 for what does not exist, 2 for what runs.
class RmCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Selection selection_;
  bool force_ = false, volumes_ = false, depend_ = false;
  std::int64_t time_ = INT64_MIN;
};

}  // namespace creel::cmd
