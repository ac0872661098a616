#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel stats
class StatsCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, latest_ = false, no_reset_ = false, no_stream_ = false, no_trunc_ = false;
  std::int64_t interval_ = 5;
  std::string format_;
  std::vector<std::string> names_;
};

}  // namespace creel::cmd
