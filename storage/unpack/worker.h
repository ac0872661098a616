// A thread of a pipeline. One owner.
#pragma once

#include <signal.h>

#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/result.h"

namespace creel::storage::unpack {

// A thread that is joined when it goes out of scope. Signals stay with the threads that the program made.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { join(); }

  template <typename Body>
  Result<void> start(Body body) {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::optional<Error> error;
    try {
      thread_ = std::thread(std::move(body));
    } catch (const std::system_error& e) {
      error = errno_error("start a thread", e.code().value());
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error) return *std::move(error);
    return {};
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

}  // namespace creel::storage::unpack
