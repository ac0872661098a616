// Signals that reach the CLI go to the container instead (--sig-proxy). One at a time, one thread.
#pragma once

#include <sys/types.h>

#include <memory>

#include "base/fd.h"

namespace creel::engine::monitor {

// While it lives, every catchable signal that is not about this very process is sent to `pidfd`, from the handler: also
// when the process is blocked in write(2).
class SignalProxy {
 public:
  explicit SignalProxy(int pidfd);
  SignalProxy(const SignalProxy&) = delete;
  SignalProxy& operator=(const SignalProxy&) = delete;
  ~SignalProxy();
  // The container has been started again.
  void retarget(pid_t pid);
  // Once: whether a signal has come by which a user ends what runs in front of them (SIGINT, SIGTERM).
  [[nodiscard]] bool take_end();

 private:
  Fd again_;
  struct Saved;
  std::unique_ptr<Saved> saved_;
};

}  // namespace creel::engine::monitor
