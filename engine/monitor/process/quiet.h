// While it lives SIGTERM comes only when this process waits with before() as its mask: not between a look at the flag and
// the wait. Single-threaded.
#pragma once

#include <signal.h>

namespace creel::engine::monitor {

class Quiet {
 public:
  Quiet() {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before_);
  }
  ~Quiet() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

}  // namespace creel::engine::monitor
