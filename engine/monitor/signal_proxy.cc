#include "engine/monitor/signal_proxy.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <bitset>
#include <cerrno>

#include "base/process.h"

namespace creel::engine::monitor {

namespace {

std::atomic<int> target{-1};
std::atomic<bool> end_wanted{false};

void forward(int number) {
  const int saved = errno;
  if (number == SIGINT || number == SIGTERM) end_wanted.store(true, std::memory_order_relaxed);
  syscall(SYS_pidfd_send_signal, target.load(std::memory_order_relaxed), number, nullptr, 0);
  errno = saved;
}

// About this process's own children, descriptors, terminal or faults, or not catchable.
bool is_own(int number) {
  switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGCHLD:
    case SIGPIPE:
    case SIGURG:
    case SIGWINCH:
    case SIGTTIN:
    case SIGTTOU:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
      return true;
    default:
      // Those between are the C library's.
      return number > SIGSYS && number < SIGRTMIN;
  }
}

}  // namespace

struct SignalProxy::Saved {
  struct sigaction actions[NSIG];
  std::bitset<NSIG> changed;
};

SignalProxy::SignalProxy(int pidfd) : saved_(std::make_unique<Saved>()) {
  target = pidfd;
  end_wanted = false;
  for (int number = 1; number < NSIG; ++number) {
    if (is_own(number)) continue;
    struct sigaction& before = saved_->actions[number];
    if (sigaction(number, nullptr, &before) != 0) continue;
    // nohup's wish is kept; a shell that ignores SIGINT for a background job has not meant the container.
    if (number == SIGHUP && before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = forward;
    action.sa_flags = SA_RESTART;
    saved_->changed[static_cast<std::size_t>(number)] = sigaction(number, &action, nullptr) == 0;
  }
}

void SignalProxy::retarget(pid_t pid) {
  auto process = pidfd_open(pid);
  if (!process.ok()) return;
  target = process->get();
  again_ = std::move(*process);
}

bool SignalProxy::take_end() { return end_wanted.exchange(false); }

SignalProxy::~SignalProxy() {
  for (int number = 1; number < NSIG; ++number) {
    if (saved_->changed[static_cast<std::size_t>(number)]) sigaction(number, &saved_->actions[number], nullptr);
  }
  target = -1;
}

}  // namespace creel::engine::monitor
