#pragma once

#include "cmd/command.h"
#include "cmd/container/selection.h"
#include "engine/container/container.h"

namespace creel::cmd {

// creel logs: what the container wrote to stdout goes to stdout, the rest to stderr.
class LogsCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  [[nodiscard]] Result<engine::LogsRequest> request() const;
  bool follow_ = false, names_ = false, timestamps_ = false, color_ = false, ignored_ = false;
  std::string tail_, since_, until_;
  Selection selection_;
};

}  // namespace creel::cmd
