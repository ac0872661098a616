// Session: the loop between the container's output, its input and the attached clients.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/monitor/process/session.h"

namespace creel::engine::monitor {

namespace {

// One buffer for all reading; single-threaded.
char buffer[kChunk];

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

bool Session::retry_unsent(Client& client) {
  if (client.unsent.empty()) return true;
  if (send_packet(client.socket.get(), client.unsent_type, client.unsent, false)) {
    client.unsent.clear();
    return true;
  }
  if (errno != EAGAIN && errno != ENOBUFS) drop_client(client);
  return false;
}

void Session::deliver(Type type, std::string_view data) {
  for (Client& client : clients_) {
    if (!client.wants_output || !client.socket.valid()) continue;
    client.unsent.assign(data);
    client.unsent_type = type;
    retry_unsent(client);
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
  // EIO is a terminal whose other side nobody has open; it may be opened again.
  if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == EIO)) return;
  from.reset();
}

void Session::accept_client() {
  Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.valid()) return;
  Client client;
  client.socket = std::move(socket);
  clients_.push_back(std::move(client));
}

void Session::write_stdin() {
  Fd& to = terminal_.valid() ? terminal_ : in_;
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
      stdin_pending_ += packet->data;
      write_stdin();
      break;
    case Type::kStdinEof:
      client.wants_stdin = false;
      if (!terminal_.valid()) stdin_ends_ = true;
      break;
    case Type::kResize:
      if (packet->data.size() == sizeof(WindowSize) && terminal_.valid()) {
        WindowSize size;
        std::memcpy(&size, packet->data.data(), sizeof(size));
        winsize wanted{size.rows, size.columns, 0, 0};
        ioctl(terminal_.get(), TIOCSWINSZ, &wanted);
      }
      break;
    default:
      break;
  }
}

void Session::serve() {
  bool ended = false;
  while (true) {
    clients_.erase(std::remove_if(clients_.begin(), clients_.end(), [](const Client& c) { return !c.socket.valid(); }), clients_.end());
    close_stdin();
    std::vector<pollfd> waiting;
    auto wait_for = [&](int fd, short events) {
      waiting.push_back({fd, events, 0});
      return waiting.size() - 1;
    };
    constexpr std::size_t kNone = ~std::size_t{0};
    const bool full = stalled();
    const std::size_t init_at = ended ? kNone : wait_for(init_.pidfd(), POLLIN);
    const std::size_t out_at = out_.valid() && !full ? wait_for(out_.get(), POLLIN) : kNone;
    const std::size_t err_at = err_.valid() && !full ? wait_for(err_.get(), POLLIN) : kNone;
    short terminal_events = 0;
    if (!full) terminal_events |= POLLIN;
    if (!stdin_pending_.empty()) terminal_events |= POLLOUT;
    const std::size_t terminal_at = terminal_.valid() && terminal_events != 0 ? wait_for(terminal_.get(), terminal_events) : kNone;
    const std::size_t in_at = in_.valid() && !stdin_pending_.empty() ? wait_for(in_.get(), POLLOUT) : kNone;
    const std::size_t listener_at = listener_.valid() ? wait_for(listener_.get(), POLLIN) : kNone;
    const std::size_t clients_at = waiting.size();
    for (const Client& client : clients_) {
      // A client's next input waits until the container has taken the last.
      short events = static_cast<short>((stdin_pending_.empty() ? POLLIN : 0) | (client.unsent.empty() ? 0 : POLLOUT));
      wait_for(client.socket.get(), events);
    }
    // After the end only what is already in the pipes counts: all that wrote to them is gone, or is none of ours.
    const int ready = poll(waiting.data(), waiting.size(), ended && !full ? 0 : -1);
    if (ready < 0 && errno == EINTR) continue;
    auto happened = [&](std::size_t at) { return at != kNone && waiting[at].revents != 0; };
    if (ended && !full && !happened(out_at) && !happened(err_at) && (terminal_at == kNone || (waiting[terminal_at].revents & POLLIN) == 0)) return;
    if (happened(init_at)) ended = true;
    if (happened(out_at)) read_output(out_, false);
    // Both streams' order is the order in which they are found here; a full client holds up both.
    if (happened(err_at) && !stalled()) read_output(err_, true);
    if (happened(terminal_at)) {
      if ((waiting[terminal_at].revents & POLLOUT) != 0) write_stdin();
      if ((waiting[terminal_at].revents & POLLIN) != 0 && !stalled()) read_output(terminal_, false);
      // Hung up: the last process closed it. Only the end of the container matters now.
      if ((waiting[terminal_at].revents & (POLLHUP | POLLIN)) == POLLHUP) {
        if (ended) {
          terminal_.reset();
        } else {
          pollfd only{init_.pidfd(), POLLIN, 0};
          poll(&only, 1, 20);
        }
      }
    }
    if (happened(in_at)) write_stdin();
    if (happened(listener_at)) accept_client();
    for (std::size_t i = 0; clients_at + i < waiting.size() && i < clients_.size(); ++i) {
      const short events = waiting[clients_at + i].revents;
      if ((events & POLLOUT) != 0) retry_unsent(clients_[i]);
      if (clients_[i].socket.valid() && (events & (POLLIN | POLLHUP | POLLERR)) != 0) read_client(clients_[i]);
    }
  }
}

void Session::flush_clients() {
  for (Client& client : clients_) {
    if (client.socket.valid() && !client.unsent.empty() && !send_packet(client.socket.get(), client.unsent_type, client.unsent)) drop_client(client);
    client.unsent.clear();
  }
}

}  // namespace creel::engine::monitor
