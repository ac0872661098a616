#pragma once

#include "cmd/command.h"
#include "cmd/container/attach_flags.h"
#include "cmd/container/preserve_flags.h"
#include "engine/container/options.h"

namespace creel::cmd {

// creel exec: a further process in a running container; the exit code is that process's.
class ExecCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  engine::ExecOptions options_;
  AttachFlags attach_;
  PreserveFlags preserve_;
  Result<std::string> container(engine::Engine& engine);
  bool latest_ = false, ignored_ = false;
  std::string cidfile_;
  std::int64_t wait_ = 0;  // seconds
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
