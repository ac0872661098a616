// relay() and relay_terminal(), each in a process of its own between pipes or a pty; the test plays the monitor.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "base/file.h"
#include "base/process.h"
#include "engine/monitor/client.h"
#include "engine/monitor/shared/protocol.h"

using namespace creel;
using namespace creel::engine::monitor;

namespace {

constexpr int kDetached = 201, kLost = 202, kError = 203;

int outcome(const Result<RelayResult>& result) {
  if (!result.ok()) return kError;
  return result->detached ? kDetached : result->monitor_lost ? kLost : result->exit_code;
}

struct Ends {
  Fd ours, theirs;
};
Ends pipe_to() {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  return {Fd(ends[1]), Fd(ends[0])};
}
Ends pipe_from() {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

// Exit code, or 1000 + signal.
int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) REQUIRE(errno == EINTR);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

// A process whose 0, 1, 2 are these; it runs `work` and ends with what that returns.
pid_t run_with(int in, int out, int err, const std::function<int()>& work) {
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid != 0) return pid;
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(kError);
  // doctest's own handlers are not what is tested.
  for (int number : {SIGINT, SIGTERM, SIGSEGV, SIGFPE, SIGILL, SIGABRT}) signal(number, SIG_DFL);
  _exit(work());
}

// relay() between three pipes and a socket.
struct Piped {
  Ends in = pipe_to(), out = pipe_from(), err = pipe_from();
  Fd monitor;
  pid_t pid = -1;
  explicit Piped(
      RelayOptions options, const std::function<void()>& before = [] {}) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    monitor = Fd(ends[0]);
    Fd client(ends[1]);
    pid = run_with(in.theirs.get(), out.theirs.get(), err.theirs.get(), [&] {
      for (Fd* fd : {&in.ours, &in.theirs, &out.ours, &out.theirs, &err.ours, &err.theirs, &monitor}) fd->reset();
      before();
      Attachment attachment(std::move(client));
      return outcome(relay(attachment, options));
    });
    in.theirs.reset();
    out.theirs.reset();
    err.theirs.reset();
  }
  ~Piped() {
    if (pid > 0 && waitpid(pid, nullptr, WNOHANG) == 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
  void exit(std::int32_t code) const {
    REQUIRE(
        send_packet(monitor.get(), Type::kExit, std::string_view(reinterpret_cast<const char*>(&code), sizeof(code))));
  }
  Packet next() const {
    auto packet = receive_packet(monitor.get());
    REQUIRE(packet.ok());
    return std::move(*packet);
  }
  int end() {
    const int code = wait_for(pid);
    pid = -1;
    return code;
  }
};

RelayOptions with_stdin() {
  RelayOptions options;
  options.stdin_open = true;
  return options;
}

// The relaying process has a pty as its controlling terminal; the test sits at the other side.
struct Terminal {
  Fd keyboard, side;
  termios before{};
  Terminal() : keyboard(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(keyboard.valid());
    REQUIRE(unlockpt(keyboard.get()) == 0);
    side = Fd(ioctl(keyboard.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(side.valid());
    size(24, 80);
    REQUIRE(tcgetattr(side.get(), &before) == 0);
  }
  void size(unsigned short rows, unsigned short columns) const {
    const winsize wanted{rows, columns, 0, 0};
    REQUIRE(ioctl(keyboard.get(), TIOCSWINSZ, &wanted) == 0);
  }
  void type(std::string_view text) const { REQUIRE(write_all(keyboard.get(), text).ok()); }
  [[nodiscard]] bool is_raw() const {
    termios now{};
    REQUIRE(tcgetattr(side.get(), &now) == 0);
    return (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }
  [[nodiscard]] bool is_restored() const {
    termios now{};
    REQUIRE(tcgetattr(side.get(), &now) == 0);
    return now.c_lflag == before.c_lflag && now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag;
  }
  std::string read_until(std::string_view wanted) const {
    std::string seen;
    char buffer[4096];
    while (seen.find(wanted) == std::string::npos) {
      pollfd waiting{keyboard.get(), POLLIN, 0};
      REQUIRE(poll(&waiting, 1, 10000) == 1);
      const ssize_t got = read(keyboard.get(), buffer, sizeof(buffer));
      REQUIRE(got > 0);
      seen.append(buffer, static_cast<std::size_t>(got));
    }
    return seen;
  }
  pid_t run(const std::function<int()>& work) const {
    return run_with(side.get(), side.get(), side.get(), [&] {
      setsid();
      if (ioctl(0, TIOCSCTTY, 0) != 0) return kError;
      return work();
    });
  }
};

struct OnTerminal : Terminal {
  Fd monitor;
  pid_t pid = -1;
  explicit OnTerminal(const RelayOptions& options) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    monitor = Fd(ends[0]);
    Fd client(ends[1]);
    pid = run([&] {
      monitor.reset();
      Attachment attachment(std::move(client));
      return outcome(relay(attachment, options));
    });
  }
  Packet next() const {
    auto packet = receive_packet(monitor.get());
    REQUIRE(packet.ok());
    return std::move(*packet);
  }
  WindowSize next_size() const {
    const Packet packet = next();
    REQUIRE(packet.type == Type::kResize);
    REQUIRE(packet.data.size() == sizeof(WindowSize));
    WindowSize out;
    std::memcpy(&out, packet.data.data(), sizeof(out));
    return out;
  }
};

RelayOptions for_terminal() {
  RelayOptions options;
  options.terminal = true;
  options.stdin_open = true;
  return options;
}

}  // namespace

TEST_CASE("relay: both outputs, byte for byte, through a non-blocking pipe; the exit code") {
  Piped relay(RelayOptions{});
  REQUIRE(fcntl(relay.out.ours.get(), F_SETPIPE_SZ, 4096) > 0);
  std::string sent;
  const pid_t monitor = fork();
  for (int i = 0; i < 20; ++i) sent += std::string(30000, static_cast<char>(i));
  if (monitor == 0) {
    bool ok = send_packet(relay.monitor.get(), Type::kStderr, "error");
    for (std::size_t at = 0; at < sent.size(); at += 30000)
      ok = ok && send_packet(relay.monitor.get(), Type::kStdout, std::string_view(sent).substr(at, 30000));
    const std::int32_t code = 42;
    ok = ok && send_packet(relay.monitor.get(), Type::kExit,
                           std::string_view(reinterpret_cast<const char*>(&code), sizeof(code)));
    _exit(ok ? 0 : 1);
  }
  CHECK((read_all(relay.out.ours.get()).value() == sent));
  CHECK(read_all(relay.err.ours.get()).value() == "error");
  CHECK(relay.end() == 42);
  CHECK(wait_for(monitor) == 0);
}

TEST_CASE("relay: somebody has made our stdout non-blocking") {
  Piped relay(RelayOptions{}, [] { fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK); });
  REQUIRE(fcntl(relay.out.ours.get(), F_SETPIPE_SZ, 4096) > 0);
  REQUIRE(send_packet(relay.monitor.get(), Type::kStdout, std::string(32000, 'a')));
  REQUIRE(send_packet(relay.monitor.get(), Type::kStdout, "end"));
  relay.exit(0);
  CHECK(read_all(relay.out.ours.get()).value() == std::string(32000, 'a') + "end");
  CHECK(relay.end() == 0);
}

TEST_CASE("relay: stdin in pieces, then its end") {
  Piped relay(with_stdin());
  REQUIRE(write_all(relay.in.ours.get(), "some input").ok());
  Packet packet = relay.next();
  CHECK(packet.type == Type::kStdin);
  CHECK(packet.data == "some input");
  relay.in.ours.reset();
  CHECK(relay.next().type == Type::kStdinEof);
  // The end of input is not the end.
  REQUIRE(send_packet(relay.monitor.get(), Type::kStdout, "late"));
  relay.exit(3);
  CHECK(read_all(relay.out.ours.get()).value() == "late");
  CHECK(relay.end() == 3);
}

TEST_CASE("relay: without -i our stdin is not touched") {
  Piped relay(RelayOptions{});
  REQUIRE(write_all(relay.in.ours.get(), "not for the container").ok());
  relay.exit(0);
  CHECK(relay.end() == 0);
  CHECK(relay.next().closed);
}

TEST_CASE("relay: a container that does not read can still write") {
  const Fd zero = open_file("/dev/zero", O_RDONLY).value();
  Piped relay(with_stdin(), [&] { dup2(zero.get(), 0); });
  // The socket gets full of input that nobody takes.
  pollfd readable{relay.monitor.get(), POLLIN, 0};
  REQUIRE(poll(&readable, 1, 10000) == 1);
  for (int i = 0; i < 100; ++i) REQUIRE(send_packet(relay.monitor.get(), Type::kStdout, "output\n"));
  std::string seen;
  char buffer[1000];
  while (seen.size() < 700) {
    const ssize_t got = read(relay.out.ours.get(), buffer, sizeof(buffer));
    REQUIRE(got > 0);
    seen.append(buffer, static_cast<std::size_t>(got));
  }
  CHECK(seen.substr(0, 7) == "output\n");
  relay.exit(0);
  CHECK(relay.end() == 0);
}

TEST_CASE("relay: nobody reads our output any more: it ends, as any program does") {
  for (bool ignored : {false, true}) {
    Piped relay(RelayOptions{}, [&] { signal(SIGPIPE, ignored ? SIG_IGN : SIG_DFL); });
    relay.out.ours.reset();
    REQUIRE(send_packet(relay.monitor.get(), Type::kStdout, "unheard"));
    CHECK(relay.end() == (ignored ? kError : 1000 + SIGPIPE));
  }
}

TEST_CASE("relay: the monitor is killed") {
  Piped relay(RelayOptions{});
  REQUIRE(send_packet(relay.monitor.get(), Type::kStdout, "before"));
  relay.monitor.reset();
  CHECK(read_all(relay.out.ours.get()).value() == "before");
  CHECK(relay.end() == kLost);
}

TEST_CASE("relay: bad detach keys are an error before anything happens") {
  RelayOptions options;
  options.detach_keys = "nonsense";
  Piped relay(options);
  CHECK(relay.end() == kError);
}

TEST_CASE("relay: signals go to the container") {
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGTSTP, SIGRTMIN + 3}) {
    CAPTURE(number);
    Ends reports = pipe_from();
    // A container that says which signal has come.
    const pid_t container = fork();
    if (container == 0) {
      sigset_t all;
      sigfillset(&all);
      sigprocmask(SIG_SETMASK, &all, nullptr);
      char byte = 'r';
      int got = 0;
      if (write(reports.theirs.get(), &byte, 1) != 1 || sigwait(&all, &got) != 0) _exit(1);
      byte = static_cast<char>(got);
      _exit(write(reports.theirs.get(), &byte, 1) == 1 ? 0 : 1);
    }
    char byte = 0;
    REQUIRE(read(reports.ours.get(), &byte, 1) == 1);
    Fd pidfd = pidfd_open(container).value();
    RelayOptions options;
    options.pidfd = pidfd.get();
    options.pid = container;
    Piped relay(options);
    // When its first output arrives it is in its loop.
    REQUIRE(send_packet(relay.monitor.get(), Type::kStdout, "x"));
    REQUIRE(read(relay.out.ours.get(), &byte, 1) == 1);
    REQUIRE(kill(relay.pid, number) == 0);
    REQUIRE(read(reports.ours.get(), &byte, 1) == 1);
    CHECK(static_cast<int>(byte) == number);
    CHECK(wait_for(container) == 0);
    relay.exit(1);
    CHECK(relay.end() == 1);
  }
}

TEST_CASE("relay: without --sig-proxy a signal is ours") {
  RelayOptions options;
  options.sig_proxy = false;
  Piped relay(options);
  char byte = 0;
  REQUIRE(send_packet(relay.monitor.get(), Type::kStdout, "x"));
  REQUIRE(read(relay.out.ours.get(), &byte, 1) == 1);
  REQUIRE(kill(relay.pid, SIGTERM) == 0);
  CHECK(relay.end() == 1000 + SIGTERM);
}

TEST_CASE("relay on a terminal: size at the start, raw mode, resize, keys, detach, and all as it was") {
  OnTerminal terminal(for_terminal());
  WindowSize size = terminal.next_size();
  CHECK(size.rows == 24);
  CHECK(size.columns == 80);
  CHECK(terminal.is_raw());
  terminal.size(50, 132);
  size = terminal.next_size();
  CHECK(size.rows == 50);
  CHECK(size.columns == 132);
  // Keys that would be signals are the container's.
  terminal.type("a\x03\x1a\r");
  std::string typed;
  while (typed.size() < 4) typed += terminal.next().data;
  CHECK(typed == "a\x03\x1a\r");
  REQUIRE(send_packet(terminal.monitor.get(), Type::kStdout, "a\r\nb"));
  CHECK(terminal.read_until("b") == "a\r\nb");
  terminal.type("x\x10");
  CHECK(terminal.next().data == "x");
  terminal.type("\x11");
  CHECK(wait_for(terminal.pid) == kDetached);
  CHECK(terminal.is_restored());
}

TEST_CASE("relay on a terminal: restored after the exit, and when a signal ends us") {
  for (int number : {0, SIGTERM, SIGHUP, SIGINT, SIGPIPE, SIGABRT}) {
    CAPTURE(number);
    OnTerminal terminal(for_terminal());
    (void)terminal.next_size();
    REQUIRE(terminal.is_raw());
    if (number == 0) {
      const std::int32_t code = 6;
      REQUIRE(send_packet(terminal.monitor.get(), Type::kExit,
                          std::string_view(reinterpret_cast<const char*>(&code), sizeof(code))));
      CHECK(wait_for(terminal.pid) == 6);
    } else {
      REQUIRE(kill(terminal.pid, number) == 0);
      CHECK(wait_for(terminal.pid) == 1000 + number);
    }
    CHECK(terminal.is_restored());
  }
}

TEST_CASE("relay_terminal: between two terminals until the process ends, with all of its last words") {
  Terminal terminal;
  const pid_t pid = terminal.run([] {
    Fd pty(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!pty.valid() || unlockpt(pty.get()) != 0) return kError;
    const pid_t child = fork();
    if (child == 0) {
      setsid();
      Fd side(ioctl(pty.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY));
      if (ioctl(side.get(), TIOCSCTTY, 0) != 0) _exit(99);
      for (int fd = 0; fd < 3; ++fd) dup2(side.get(), fd);
      execl("/bin/sh", "sh", "-c",
            "echo ready; read line; stty size; i=0; while [ $i -lt 2000 ]; do echo $line $i; i=$((i+1)); done; exit 12",
            nullptr);
      _exit(98);
    }
    Fd pidfd = pidfd_open(child).value();
    RelayOptions options = for_terminal();
    return outcome(relay_terminal(pty.get(), pidfd.get(), options));
  });
  terminal.read_until("ready\r\n");
  CHECK(terminal.is_raw());
  terminal.type("word\r");
  const std::string seen = terminal.read_until("word 1999\r\n");
  CHECK(seen.find("24 80\r\n") != std::string::npos);
  CHECK(seen.find("word 0\r\nword 1\r\n") != std::string::npos);
  CHECK(wait_for(pid) == 12);
  CHECK(terminal.is_restored());
}

TEST_CASE("relay_terminal: detach keys") {
  Terminal terminal;
  const pid_t pid = terminal.run([] {
    Fd pty(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!pty.valid() || unlockpt(pty.get()) != 0) return kError;
    const pid_t child = fork();
    if (child == 0) {
      // Has no terminal open at all: no reason to spin, or to end.
      close(pty.release());
      for (int fd = 0; fd < 3; ++fd) close(fd);
      pause();
      _exit(0);
    }
    Fd pidfd = pidfd_open(child).value();
    RelayOptions options = for_terminal();
    options.detach_keys = "ctrl-b,q";
    const int code = outcome(relay_terminal(pty.get(), pidfd.get(), options));
    kill(child, SIGKILL);
    return code;
  });
  terminal.type("abc\x02q");
  CHECK(wait_for(pid) == kDetached);
  CHECK(terminal.is_restored());
}
