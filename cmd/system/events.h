#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel events
class EventsCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool no_trunc_ = true, stream_ = true;
  std::string format_, since_, until_;
  std::vector<std::string> filters_;
};

}  // namespace creel::cmd
