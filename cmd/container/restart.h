#pragma once

#include <cstdint>

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// creel restart: several at once take as long as the slowest.
class RestartCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Selection selection_;
  bool running_ = false;
  std::int64_t time_ = INT64_MIN;
  std::string signal_;
};

}  // namespace creel::cmd
