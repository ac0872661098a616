// Session: the loop between the container's output, its input and the attached clients.
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/monitor/process/clock.h"
#include "engine/monitor/process/session.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

// For a client that has said that it removes the record of a --rm container.
constexpr int kTakenPatienceMs = 10000;

namespace {

// One buffer for all reading; single-threaded. Half of what a packet may hold: it is this process's own memory.
char buffer[kChunk / 2];
// More than a terminal can hold.
constexpr int kTerminalRest = 1 << 20;

}  // namespace

bool Session::stalled() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const Client& client) { return !client.unsent.empty(); });
}

void Session::drop_client(Client& client) {
  client.socket.reset();
  client.unsent.clear();
  client.wants_output = false;
  // What fed the container's input is gone; a terminal stays open for the next one to attach.
  if (client.wants_stdin && !terminal_.valid()) stdin_ends_ = true;
  client.wants_stdin = false;
}

void Session::forget_dropped() {
  std::erase_if(clients_, [](const Client& client) { return !client.socket.valid(); });
}

void Session::send_unsent(Client& client) {
  while (!client.unsent.empty()) {
    const Unsent& first = client.unsent.front();
    if (!send_packet(client.socket.get(), first.type, first.data, false)) {
      if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM) drop_client(client);
      return;
    }
    client.unsent.erase(client.unsent.begin());
  }
}

void Session::deliver(Type type, std::string_view data) {
  for (Client& client : clients_) {
    if (!client.wants_output || !client.socket.valid()) continue;
    if (client.unsent.empty() && send_packet(client.socket.get(), type, data, false)) continue;
    client.unsent.push_back({type, std::string(data)});
    send_unsent(client);
  }
}

void Session::read_output(Fd& from, bool is_stderr) {
  const ssize_t got = read(from.get(), buffer, sizeof(buffer));
  if (got > 0) {
    const std::string_view data(buffer, static_cast<std::size_t>(got));
    log_.write(is_stderr, data);
    deliver(is_stderr ? Type::kStderr : Type::kStdout, data);
    return;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  from.reset();
}

// All of the container is gone, so all that it wrote is in the pipe. Another process may have been given the other end
// and go on writing: that is not the container's.
void Session::drain(Fd& from, bool is_stderr) {
  int left = 0;
  if (!from.valid() || ioctl(from.get(), FIONREAD, &left) != 0) left = 0;
  // A terminal's last output may still be on its way through the kernel: only reading (EAGAIN, EIO) tells.
  if (from.get() == terminal_.get()) left = kTerminalRest;
  while (left > 0 && from.valid()) {
    const ssize_t got = read(from.get(), buffer, std::min(sizeof(buffer), static_cast<std::size_t>(left)));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    const std::string_view data(buffer, static_cast<std::size_t>(got));
    log_.write(is_stderr, data);
    deliver(is_stderr ? Type::kStderr : Type::kStdout, data);
    left -= static_cast<int>(got);
  }
  from.reset();
}

void Session::accept_clients() {
  while (listener_.valid()) {
    Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.valid()) return;
    Client client;
    client.socket = std::move(socket);
    clients_.push_back(std::move(client));
    // What it wants it has said by now, if it came before the end.
    pollfd said{clients_.back().socket.get(), POLLIN, 0};
    if (poll(&said, 1, 0) > 0) read_client(clients_.back());
  }
}

void Session::write_stdin() {
  const Fd& to = terminal_.valid() ? terminal_ : in_;
  if (!to.valid()) {
    stdin_pending_.clear();
    return;
  }
  while (!stdin_pending_.empty()) {
    const ssize_t put = write(to.get(), stdin_pending_.data(), stdin_pending_.size());
    if (put < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return;
      // The container has closed its input.
      stdin_pending_.clear();
      in_.reset();
      return;
    }
    stdin_pending_.erase(0, static_cast<std::size_t>(put));
  }
}

void Session::close_stdin() {
  if (stdin_ends_ && stdin_pending_.empty()) in_.reset();
}

void Session::read_client(Client& client) {
  auto packet = receive_packet(client.socket.get());
  if (!packet.ok() || packet->closed) return drop_client(client);
  switch (packet->type) {
    case Type::kAttach:
      if (packet->data.size() == 2) {
        client.wants_stdin = packet->data[0] != 0;
        client.wants_output = packet->data[1] != 0;
      }
      break;
    case Type::kStdin:
      if (!client.wants_stdin) break;
      stdin_pending_ += packet->data;
      write_stdin();
      break;
    case Type::kStdinEof:
      if (client.wants_stdin && !terminal_.valid()) stdin_ends_ = true;
      client.wants_stdin = false;
      break;
    case Type::kResize:
      if (packet->data.size() == sizeof(WindowSize) && terminal_.valid()) {
        WindowSize size;
        std::memcpy(&size, packet->data.data(), sizeof(size));
        winsize wanted{size.rows, size.columns, 0, 0};
        ioctl(terminal_.get(), TIOCSWINSZ, &wanted);
      }
      break;
    case Type::kProbe:
      client.wants_probe = true;
      probe_now();
      break;
    case Type::kStart:
      client.wants_start = true;
      // Somebody else was faster.
      if (!state_.initialized) answer_starts(Type::kError, runtime::encode(fail(Code::kInUse, "the container has been started already")));
      break;
    case Type::kStop:
      mark_stopped();
      break;
    case Type::kChange:
      change_life(client, packet->fd.get());
      break;
    case Type::kRestart:
      restart_on_demand(client, packet->data);
      break;
    default:
      break;
  }
}

// While nothing runs: waits for clients once, `patience` long (nullptr: any time), with the signals of `mask`. True: `pidfd`
// has ended.
bool Session::serve_clients(const timespec* patience, const sigset_t& mask, int pidfd) {
  forget_dropped();
  std::vector<pollfd> entries{{listener_.get(), POLLIN, 0}, {pidfd, POLLIN, 0}};
  const std::size_t first_client = entries.size();
  for (const Client& client : clients_) {
    entries.push_back({client.socket.get(), static_cast<short>(POLLIN | (client.unsent.empty() ? 0 : POLLOUT)), 0});
  }
  if (ppoll(entries.data(), entries.size(), patience, &mask) <= 0) return false;
  const std::size_t known = clients_.size();
  if (entries[0].revents != 0) accept_clients();
  for (std::size_t i = 0; i < known; ++i) {
    const short events = entries[first_client + i].revents;
    if ((events & POLLOUT) != 0) send_unsent(clients_[i]);
    if (clients_[i].socket.valid() && (events & ~POLLOUT) != 0) read_client(clients_[i]);
  }
  return entries[1].revents != 0;
}

void Session::serve() {
  // The start has needed more memory than the months to come.
  malloc_trim(0);
  if (job_.timeout_s > 0) deadline_ns_ = monotonic_ns() + std::int64_t{job_.timeout_s} * 1'000'000'000;
  std::vector<pollfd> waiting;
  for (;;) {
    forget_dropped();
    close_stdin();
    const short output = stalled() ? 0 : POLLIN;
    // A descriptor of -1 is passed over by poll(2).
    auto entry = [](const Fd& fd, int events) {
      return pollfd{events == 0 ? -1 : fd.get(), static_cast<short>(events), 0};
    };
    const short input = stdin_pending_.empty() ? 0 : POLLOUT;
    waiting.assign({{first_->pidfd(), POLLIN, 0},
                    entry(out_, output),
                    entry(err_, output),
                    entry(terminal_, terminal_hung_up_ ? 0 : output | input),
                    entry(in_, input),
                    entry(listener_, POLLIN),
                    pollfd{watch_ ? watch_->memory_fd() : -1, POLLPRI, 0},
                    pollfd{prober_.fd(), POLLIN, 0},
                    pollfd{notifier_.fd(), POLLIN, 0}});
    const std::size_t first_client = waiting.size();
    for (const Client& client : clients_) {
      // A client's next input waits until the container has taken the last.
      const int events = (stdin_pending_.empty() ? POLLIN : 0) | (client.unsent.empty() ? 0 : POLLOUT);
      waiting.push_back({client.socket.get(), static_cast<short>(events), 0});
    }
    if (poll(waiting.data(), waiting.size(), patience_ms()) < 0) continue;
    // At the end too, and first: systemd takes the group away as soon as it has seen that it is empty.
    if (waiting[6].revents != 0 || waiting[0].revents != 0) note_oom();
    if (waiting[8].revents != 0) notifier_.pass_on();
    if (waiting[0].revents != 0) break;
    if (waiting[7].revents != 0) take_probe();
    watch_health();
    if (waiting[1].revents != 0) read_output(out_, false);
    // A full client holds up both streams.
    if (waiting[2].revents != 0 && !stalled()) read_output(err_, true);
    const short terminal = waiting[3].revents;
    if ((terminal & POLLOUT) != 0) write_stdin();
    if ((terminal & POLLIN) != 0) {
      const ssize_t got = read(terminal_.get(), buffer, sizeof(buffer));
      if (got > 0) {
        log_.write(false, std::string_view(buffer, static_cast<std::size_t>(got)));
        deliver(Type::kStdout, std::string_view(buffer, static_cast<std::size_t>(got)));
      }
    } else if ((terminal & (POLLHUP | POLLERR)) != 0) {
      terminal_hung_up_ = true;
    }
    if (waiting[4].revents != 0) write_stdin();
    const std::size_t known = clients_.size();
    if (waiting[5].revents != 0) accept_clients();
    for (std::size_t i = 0; i < known; ++i) {
      const short events = waiting[first_client + i].revents;
      if ((events & POLLOUT) != 0) send_unsent(clients_[i]);
      if (clients_[i].socket.valid() && (events & (POLLIN | POLLHUP | POLLERR)) != 0) read_client(clients_[i]);
    }
  }
  drain(out_, false);
  drain(err_, true);
  drain(terminal_, false);
}

// Until all has been sent and, where that is wanted, one has taken over the clean-up (true), or until none can any
// more.
Session::Cleanup Session::part_from_clients(bool want_cleanup, int patience_ms) {
  Cleanup done = Cleanup::kNobody;
  timespec begin{};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (;;) {
    forget_dropped();
    std::vector<pollfd> waiting;
    bool somebody = false;
    for (const Client& client : clients_) {
      const bool may_take = want_cleanup && client.wants_output;
      somebody |= may_take || !client.unsent.empty();
      waiting.push_back({client.socket.get(), static_cast<short>(POLLIN | (client.unsent.empty() ? 0 : POLLOUT)), 0});
    }
    if (!somebody) return done;
    int left = -1;
    if (patience_ms >= 0) {
      timespec now{};
      clock_gettime(CLOCK_MONOTONIC, &now);
      left =
          patience_ms - static_cast<int>((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000);
      if (left <= 0) return done;
    }
    if (poll(waiting.data(), waiting.size(), left) <= 0) continue;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      Client& client = clients_[i];
      if ((waiting[i].revents & POLLOUT) != 0) send_unsent(client);
      if (!client.socket.valid() || (waiting[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      auto packet = receive_packet(client.socket.get());
      if (!packet.ok() || packet->closed) {
        drop_client(client);
      } else if (want_cleanup && packet->type == Type::kTakeCleanup) {
        // It is at work: the database may be busy.
        done = Cleanup::kTaken;
        patience_ms = kTakenPatienceMs;
      } else if (want_cleanup && packet->type == Type::kForgotten) {
        return Cleanup::kForgotten;
      }
    }
  }
}

}  // namespace creel::engine::monitor
