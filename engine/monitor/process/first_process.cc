#include "engine/monitor/process/first_process.h"

#include <sys/wait.h>

#include <utility>

#include "engine/monitor/process/external_runtime.h"

namespace creel::engine::monitor {

namespace {

// Cloned by this process.
class Own final : public FirstProcess {
 public:
  explicit Own(runtime::InitProcess init) : init_(std::move(init)) {}
  [[nodiscard]] pid_t pid() const override { return init_.pid(); }
  [[nodiscard]] int pidfd() const override { return init_.pidfd(); }
  [[nodiscard]] int network_namespace() const override { return init_.network_namespace(); }
  void placed() override { init_.placed(); }
  Result<void> wait_ready(const Job& job) override { return init_.wait_ready(job.plan); }
  Fd take_terminal() override { return init_.take_terminal(); }
  Result<void> go() override { return init_.go(); }
  int end() override {
    siginfo_t info{};
    waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(init_.pidfd()), &info, WEXITED);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  }

 private:
  runtime::InitProcess init_;
};

}  // namespace

Result<std::unique_ptr<FirstProcess>> make_first_process(const Job& job, const runtime::Stdio& stdio,
                                                         const runtime::InitOptions& options) {
  if (!job.runtime.program.path.empty()) return create_by_runtime(job, stdio, options);
  TRY_SET(runtime::InitProcess init, runtime::clone_init(job.plan, stdio, options));
  return std::unique_ptr<FirstProcess>(std::make_unique<Own>(std::move(init)));
}

}  // namespace creel::engine::monitor
