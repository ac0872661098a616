#include "engine/monitor/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <iterator>

namespace creel::engine::monitor {

namespace {

// What ends a process by default and may leave the terminal raw.
constexpr int kFatal[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1,
                          SIGUSR2, SIGABRT, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL};

termios saved_settings;
struct sigaction saved_actions[std::size(kFatal)];
sigset_t saved_mask;

// Also in a handler: nothing but async-signal-safe calls. From the background tcsetattr would stop this process.
void put_back() {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGTTOU, &ignore, &before);
  tcsetattr(STDIN_FILENO, TCSANOW, &saved_settings);
  sigaction(SIGTTOU, &before, nullptr);
}

void on_fatal(int number) {
  put_back();
  signal(number, SIG_DFL);
  raise(number);
}

bool go_raw() {
  termios raw = saved_settings;
  cfmakeraw(&raw);
  // TCSANOW: what was typed before belongs to the container.
  return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

}  // namespace

Result<RawTerminal> RawTerminal::enter() {
  if (tcgetattr(STDIN_FILENO, &saved_settings) != 0) return errno_error("reading the terminal's settings");
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGWINCH);
  sigaddset(&watched, SIGCONT);
  Fd events(signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!events.valid()) return errno_error("watching the terminal's size");
  sigprocmask(SIG_BLOCK, &watched, &saved_mask);
  for (std::size_t i = 0; i < std::size(kFatal); ++i) {
    struct sigaction action {};
    action.sa_handler = on_fatal;
    sigfillset(&action.sa_mask);
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    sigaction(kFatal[i], nullptr, &saved_actions[i]);
    // What the caller ignores (nohup) stays ignored.
    if (saved_actions[i].sa_handler != SIG_IGN) sigaction(kFatal[i], &action, nullptr);
  }
  RawTerminal out;
  out.events_ = std::move(events);
  if (!go_raw()) return errno_error("setting the terminal to raw mode");
  return out;
}

RawTerminal::~RawTerminal() {
  if (!active_) return;
  put_back();
  for (std::size_t i = 0; i < std::size(kFatal); ++i) sigaction(kFatal[i], &saved_actions[i], nullptr);
  sigprocmask(SIG_SETMASK, &saved_mask, nullptr);
}

void RawTerminal::handle_events() {
  signalfd_siginfo info;
  while (read(events_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (info.ssi_signo == SIGCONT) (void)go_raw();
  }
}

std::optional<WindowSize> RawTerminal::size() {
  winsize size{};
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return std::nullopt;
  return WindowSize{size.ws_row, size.ws_col};
}

}  // namespace creel::engine::monitor
