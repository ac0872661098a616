#include "engine/monitor/process/network.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "base/unix_socket.h"

namespace creel::engine::monitor {

namespace {

constexpr const char* kApiSocket = "slirp.sock";
constexpr int kReadyTimeoutMs = 10000;
constexpr int kEndTimeoutMs = 2000;

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

std::string replaced(std::string text, std::string_view placeholder, const std::string& value) {
  if (const std::size_t at = text.find(placeholder); at != std::string::npos)
    text.replace(at, placeholder.size(), value);
  return text;
}

// One request, one answer, one connection: the protocol of slirp4netns(1).
Result<std::string> ask(const std::string& running_dir, const std::string& request) {
  TRY_SET(Fd dir, open_file(running_dir, O_PATH | O_DIRECTORY));
  auto connected = connect_unix(dir.get(), kApiSocket, SOCK_STREAM);
  if (!connected.ok()) return std::move(connected).error().within("slirp4netns");
  const Fd fd = std::move(*connected);
  // A helper that hangs must not hang the start.
  const timeval patience{kReadyTimeoutMs / 1000, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  TRY(write_all(fd.get(), request));
  shutdown(fd.get(), SHUT_WR);
  return read_all(fd.get(), 65536);
}

}  // namespace

Result<NetworkHelper> NetworkHelper::start(const NetworkJob& job, const std::string& running_dir, int network_namespace) {
  NetworkHelper out;
  if (job.argv.empty()) return out;
  TRY_SET(Pipe ready, make_pipe());
  TRY_SET(Pipe exit, make_pipe());
  // Its stderr is read when it fails and stays open else: closed, the helper's next warning would kill it;
  // non-blocking, its thousandth does not stop it.
  TRY_SET(Pipe errors, make_pipe());
  fcntl(errors.write.get(), F_SETFL, O_NONBLOCK);
  TRY_SET(Fd null, open_file("/dev/null", O_RDWR));
  SpawnRequest request;
  request.path = job.argv.front();
  for (const std::string& arg : job.argv) {
    std::string text = replaced(arg, "@NETNS@", "/proc/self/fd/5");
    text = replaced(text, "@READY_FD@", "3");
    text = replaced(text, "@EXIT_FD@", "4");
    request.argv.push_back(replaced(text, "@API@", kApiSocket));
  }
  request.fds = {
      {null.get(), 0}, {null.get(), 1}, {errors.write.get(), 2}, {ready.write.get(), 3}, {exit.read.get(), 4},
      {network_namespace, 5}};
  request.cwd = running_dir;
  unlink((running_dir + "/" + kApiSocket).c_str());
  TRY_SET(out.process_, spawn(request));
  out.ready_ = std::move(ready.read);
  out.exit_ = std::move(exit.write);
  out.errors_ = std::move(errors.read);
  return out;
}

Result<void> NetworkHelper::wait_ready(const NetworkJob& job, const std::string& running_dir) {
  if (!ready_.valid()) return {};
  pollfd waiting{ready_.get(), POLLIN, 0};
  while (poll(&waiting, 1, kReadyTimeoutMs) < 0 && errno == EINTR) {
  }
  char byte = 0;
  if ((waiting.revents & POLLIN) == 0 || read(ready_.get(), &byte, 1) != 1 || byte != '1') {
    fcntl(errors_.get(), F_SETFL, O_NONBLOCK);
    char text[2048];
    const ssize_t got = read(errors_.get(), text, sizeof(text));
    std::string why(text, got > 0 ? static_cast<std::size_t>(got) : 0);
    for (char& c : why) {
      if (c == '\n') c = ' ';
    }
    return fail(Code::kUnavailable, "slirp4netns could not attach the container's network: " + std::string(trim(why)))
        .with_hint("--network none and --network host work without it");
  }
  ready_.reset();
  for (std::size_t i = 0; i < job.port_requests.size(); ++i) {
    TRY_SET(const std::string answer, ask(running_dir, job.port_requests[i]));
    if (answer.find("\"error\"") == std::string::npos) continue;
    const std::string name = i < job.port_names.size() ? job.port_names[i] : job.port_requests[i];
    return fail(Code::kInUse, "cannot publish port " + name + ": slirp4netns refused: " + std::string(trim(answer)))
        .with_hint("the port is in use, or below the sysctl net.ipv4.ip_unprivileged_port_start");
  }
  return {};
}

void NetworkHelper::stop(bool wait) {
  if (!exit_.valid()) return;
  exit_.reset();
  if (!wait) return;
  pollfd gone{process_.pidfd(), POLLIN, 0};
  while (poll(&gone, 1, kEndTimeoutMs) < 0 && errno == EINTR) {
  }
  // A container's end must not hang on a helper that does.
  if (gone.revents == 0) (void)pidfd_signal(process_.pidfd(), SIGKILL).ok();
  (void)process_.wait().ok();
}

}  // namespace creel::engine::monitor
