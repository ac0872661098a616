// Our stdin, stdout and stderr joined to a container (see client.h).
//
// Who runs it: the CLI, as the caller, single-threaded. Output is written with plain blocking writes, because that is
// how a slow reader of ours slows the container; input is never waited for, because a container that does not read must
// still be able to write.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/monitor/client.h"
#include "engine/monitor/detach_keys.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/monitor/signal_proxy.h"
#include "engine/monitor/terminal.h"

namespace creel::engine::monitor {

namespace {

constexpr std::size_t kPiece = 16384;

// All of it, also where somebody has made our stdout non-blocking. A reader that is gone ends this process by SIGPIPE,
// as it would any other, unless the caller ignores that: then it is an error.
Result<void> write_out(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t put = write(fd, data.data(), data.size());
    if (put >= 0) {
      data.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      pollfd waiting{fd, POLLOUT, 0};
      (void)poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return errno_error(fd == STDOUT_FILENO ? "writing to stdout" : "writing to stderr");
    }
  }
  return {};
}

// What comes in on stdin and is not yet with the container.
class Input {
 public:
  Input(bool open, std::string detach_sequence) : open_(open), keys_(std::move(detach_sequence)) {}
  // Whether stdin is to be polled: nothing is read ahead of what the container takes.
  [[nodiscard]] bool wanted() const { return open_ && pending_.empty(); }
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] std::string& pending() { return pending_; }
  // One read(2). True: the user detaches.
  bool read_some() {
    char buffer[kPiece];
    const ssize_t got = read(STDIN_FILENO, buffer, sizeof(buffer));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
    if (got <= 0) {
      open_ = false;
      return false;
    }
    return keys_.scan(std::string_view(buffer, static_cast<std::size_t>(got)), pending_);
  }

 private:
  bool open_;
  DetachScanner keys_;
  std::string pending_;
};

// The terminal, if we are to be one, and the signals, if we are not.
struct Surroundings {
  std::optional<RawTerminal> terminal;
  std::optional<SignalProxy> proxy;

  static Result<void> enter(const RelayOptions& options, Surroundings& out) {
    if (options.terminal) {
      TRY_SET(RawTerminal raw, RawTerminal::enter());
      out.terminal.emplace(std::move(raw));
    } else if (options.sig_proxy && options.pidfd >= 0) {
      out.proxy.emplace(options.pidfd);
    }
    return {};
  }
  [[nodiscard]] int events() const { return terminal ? terminal->events() : -1; }
};

Result<std::string> detach_sequence(const RelayOptions& options) {
  TRY_SET(std::string sequence, parse_detach_keys(options.detach_keys));
  return options.terminal ? sequence : std::string();
}

// Never waits: what does not fit now is tried again when the socket is writable.
class Uplink {
 public:
  Uplink(int socket, Input& input) : socket_(socket), input_(input) {}
  void want_resize() { resize_ = RawTerminal::size(); }
  [[nodiscard]] bool waits() const { return resize_.has_value() || !input_.pending().empty() || ends_; }
  void stdin_ended() { ends_ = true; }
  void push() {
    if (resize_ && offer(Type::kResize, std::string_view(reinterpret_cast<const char*>(&*resize_), sizeof(WindowSize))))
      resize_.reset();
    if (resize_) return;
    if (!input_.pending().empty()) {
      if (!offer(Type::kStdin, input_.pending())) return;
      input_.pending().clear();
    }
    if (ends_ && offer(Type::kStdinEof, {})) ends_ = false;
  }

 private:
  // A monitor that is gone takes anything; receiving tells its end.
  bool offer(Type type, std::string_view data) {
    return send_packet(socket_, type, data, false) || (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM);
  }
  int socket_;
  Input& input_;
  std::optional<WindowSize> resize_;
  bool ends_ = false;
};

// A pty's main side, and the other side kept open: else a container that has closed its terminal for the moment would
// make poll(2) return at once for ever.
struct Pty {
  int main = -1;
  Fd other;
};

ssize_t read_pty(int pty, char* buffer, std::size_t size) {
  for (;;) {
    const ssize_t got = read(pty, buffer, size);
    if (got >= 0 || errno != EINTR) return got;
  }
}

// False: nothing is left to be read for now.
Result<bool> move_output(int pty) {
  char buffer[kPiece];
  const ssize_t got = read_pty(pty, buffer, sizeof(buffer));
  if (got <= 0) return false;
  TRY(write_out(STDOUT_FILENO, std::string_view(buffer, static_cast<std::size_t>(got))));
  return true;
}

void feed_pty(int pty, std::string& pending) {
  while (!pending.empty()) {
    const ssize_t put = write(pty, pending.data(), pending.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) return;
    if (put <= 0) {
      pending.clear();
      return;
    }
    pending.erase(0, static_cast<std::size_t>(put));
  }
}

void resize_pty(int pty) {
  if (const auto size = RawTerminal::size()) {
    const winsize wanted{size->rows, size->columns, 0, 0};
    ioctl(pty, TIOCSWINSZ, &wanted);
  }
}

// Of a child of ours that has ended; it stays to be reaped.
int exit_code_of(int pidfd) {
  siginfo_t info{};
  if (waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED | WNOWAIT) != 0) return 0;
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace

Result<RelayResult> relay(Attachment& attachment, const RelayOptions& options) {
  TRY_SET(std::string sequence, detach_sequence(options));
  Surroundings around;
  TRY(Surroundings::enter(options, around));
  Input input(options.stdin_open, std::move(sequence));
  Uplink uplink(attachment.fd(), input);
  if (around.terminal) uplink.want_resize();
  RelayResult result;
  for (;;) {
    uplink.push();
    pollfd waiting[3] = {{attachment.fd(), static_cast<short>(POLLIN | (uplink.waits() ? POLLOUT : 0)), 0},
                         {input.wanted() ? STDIN_FILENO : -1, POLLIN, 0},
                         {around.events(), POLLIN, 0}};
    const int ready = poll(waiting, 3, -1);
    if (ready < 0 && errno != EINTR) return errno_error("waiting for the container");
    // Before the monitor sees the end that the signal has caused, or while it waits to start it again.
    if (around.proxy && around.proxy->take_end()) attachment.end_restarts();
    if (ready < 0) continue;
    if (waiting[2].revents != 0) {
      around.terminal->handle_events();
      uplink.want_resize();
    }
    if (waiting[1].revents != 0) {
      if (input.read_some()) {
        result.detached = true;
        uplink.push();
        return result;
      }
      if (!input.open()) uplink.stdin_ended();
    }
    if ((waiting[0].revents & ~POLLOUT) == 0) continue;
    TRY_SET(Event event, attachment.receive());
    switch (event.kind) {
      case Event::Kind::kStdout:
        if (options.out) TRY(write_out(STDOUT_FILENO, event.data));
        break;
      case Event::Kind::kStderr:
        if (options.err) TRY(write_out(STDERR_FILENO, event.data));
        break;
      case Event::Kind::kStarted:
        if (around.proxy) around.proxy->retarget(event.pid);
        break;
      case Event::Kind::kExit:
        result.exit_code = event.exit_code;
        return result;
      case Event::Kind::kClosed:
        result.monitor_lost = true;
        return result;
    }
  }
}

Result<RelayResult> relay_terminal(int pty, int pidfd, const RelayOptions& options) {
  TRY_SET(std::string sequence, detach_sequence(options));
  const Pty terminal{pty, Fd(ioctl(pty, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC))};
  if (fcntl(pty, F_SETFL, fcntl(pty, F_GETFL) | O_NONBLOCK) != 0)
    return errno_error("preparing the container's terminal");
  Surroundings around;
  TRY(Surroundings::enter(options, around));
  if (around.terminal) resize_pty(pty);
  Input input(options.stdin_open, std::move(sequence));
  RelayResult result;
  for (;;) {
    feed_pty(pty, input.pending());
    pollfd waiting[4] = {{pty, static_cast<short>(POLLIN | (input.pending().empty() ? 0 : POLLOUT)), 0},
                         {input.wanted() ? STDIN_FILENO : -1, POLLIN, 0},
                         {around.events(), POLLIN, 0},
                         {pidfd, POLLIN, 0}};
    if (poll(waiting, 4, -1) < 0) {
      if (errno == EINTR) continue;
      return errno_error("waiting for the container");
    }
    if (waiting[2].revents != 0) {
      around.terminal->handle_events();
      resize_pty(pty);
    }
    if (waiting[1].revents != 0 && input.read_some()) {
      feed_pty(pty, input.pending());
      result.detached = true;
      return result;
    }
    if ((waiting[0].revents & POLLIN) != 0) TRY(move_output(pty));
    if (waiting[3].revents == 0) continue;
    // What it wrote before its end is all there by now; what others go on writing is bounded.
    for (std::size_t left = std::size_t{1} << 20; left > 0; left -= kPiece) {
      TRY_SET(const bool more, move_output(pty));
      if (!more) break;
    }
    result.exit_code = exit_code_of(pidfd);
    return result;
  }
}

}  // namespace creel::engine::monitor
