// An attached client's end, and waiting for a monitor's end (see client.h).
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <chrono>

#include "base/file.h"
#include "base/unix_socket.h"
#include "engine/monitor/client.h"
#include "engine/monitor/shared/liveness.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

namespace {

using Clock = std::chrono::steady_clock;

// What is left for poll(2); -1: forever.
int left_until(std::optional<Clock::time_point> end) {
  if (!end) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*end - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

Result<void> checked(bool sent, const char* what) {
  if (sent) return {};
  return errno_error(what);
}

}  // namespace

Result<Event> Attachment::receive() {
  for (;;) {
    TRY_SET(Packet packet, receive_packet(socket_.get()));
    Event event;
    if (packet.closed) return event;
    switch (packet.type) {
      case Type::kStdout:
      case Type::kStderr:
        event.kind = packet.type == Type::kStdout ? Event::Kind::kStdout : Event::Kind::kStderr;
        event.data = std::move(packet.data);
        return event;
      case Type::kExit: {
        std::int32_t code = 0;
        if (packet.data.size() != sizeof(code)) return fail(Code::kFailed, "the container's monitor is out of step");
        std::memcpy(&code, packet.data.data(), sizeof(code));
        event.kind = Event::Kind::kExit;
        event.exit_code = code;
        return event;
      }
      case Type::kStarted: {
        std::int32_t pid = 0;
        if (packet.data.size() != sizeof(pid)) return fail(Code::kFailed, "the container's monitor is out of step");
        std::memcpy(&pid, packet.data.data(), sizeof(pid));
        event.kind = Event::Kind::kStarted;
        event.pid = pid;
        return event;
      }
      default:
        break;
    }
  }
}

Result<pid_t> Attachment::start() {
  const auto gone = [] { return fail(Code::kInUse, "the container has ended"); };
  if (!send_packet(socket_.get(), Type::kStart, {})) return gone();
  for (;;) {
    TRY_SET(const Packet packet, receive_packet(socket_.get()));
    if (packet.closed || packet.type == Type::kExit) return gone();
    if (packet.type == Type::kError) return runtime::decode_error(packet.data);
    if (packet.type != Type::kStarted || packet.data.size() != sizeof(std::int32_t)) continue;
    std::int32_t pid = 0;
    std::memcpy(&pid, packet.data.data(), sizeof pid);
    return static_cast<pid_t>(pid);
  }
}

void Attachment::end_restarts() { (void)send_packet(socket_.get(), Type::kStop, {}); }

Result<void> Attachment::send_stdin(std::string_view data) {
  while (!data.empty()) {
    const std::string_view piece = data.substr(0, kChunk);
    TRY(checked(send_packet(socket_.get(), Type::kStdin, piece), "sending input to the container"));
    data.remove_prefix(piece.size());
  }
  return {};
}

Result<void> Attachment::close_stdin() {
  return checked(send_packet(socket_.get(), Type::kStdinEof, {}), "closing the container's input");
}

Result<void> Attachment::resize(std::uint16_t rows, std::uint16_t columns) {
  const WindowSize size{rows, columns};
  const std::string_view bytes(reinterpret_cast<const char*>(&size), sizeof(size));
  return checked(send_packet(socket_.get(), Type::kResize, bytes), "resizing the container's terminal");
}

// A monitor that has not waited cleans up by itself; doing it twice does no harm.
void Attachment::take_cleanup() { (void)send_packet(socket_.get(), Type::kTakeCleanup, {}); }

void Attachment::forgotten() { (void)send_packet(socket_.get(), Type::kForgotten, {}); }

namespace {

Result<Fd> connect_to(const std::string& running_dir) {
  auto dir = open_file(running_dir, O_PATH | O_DIRECTORY);
  if (!dir.ok() && dir.error().err == ENOENT) return fail(Code::kInUse, "the container does not run");
  if (!dir.ok()) return std::move(dir).error();
  auto connected = connect_unix(dir->get(), "attach", SOCK_SEQPACKET);
  if (!connected.ok()) {
    const int err = connected.error().err;
    if (err == ENOENT || err == ECONNREFUSED) return fail(Code::kInUse, "the container does not run");
    return std::move(connected).error().within(running_dir);
  }
  return connected;
}

}  // namespace

Result<bool> probe_health(const std::string& running_dir) {
  const auto gone = [] { return fail(Code::kInUse, "the container has ended"); };
  TRY_SET(const Fd socket, connect_to(running_dir));
  if (!send_packet(socket.get(), Type::kProbe, {})) return gone();
  for (;;) {
    TRY_SET(const Packet packet, receive_packet(socket.get()));
    if (packet.closed || packet.type == Type::kExit) return gone();
    if (packet.type != Type::kProbed || packet.data.size() != 1) continue;
    const auto result = static_cast<ProbeResult>(packet.data[0]);
    if (result == ProbeResult::kUnable) return fail(Code::kUnavailable, "the health check could not be run");
    return result == ProbeResult::kHealthy;
  }
}

Result<void> ask_restart(const std::string& running_dir, std::uint32_t timeout_s, int signal) {
  const auto gone = [] { return fail(Code::kInUse, "the container has ended"); };
  TRY_SET(const Fd socket, connect_to(running_dir));
  const RestartRequest request{timeout_s, signal};
  if (!send_packet(socket.get(), Type::kRestart, std::string_view(reinterpret_cast<const char*>(&request), sizeof request))) return gone();
  for (;;) {
    TRY_SET(const Packet packet, receive_packet(socket.get()));
    if (packet.closed || packet.type == Type::kExit) return gone();
    if (packet.type == Type::kError) return runtime::decode_error(packet.data);
    if (packet.type == Type::kRestarted) return {};
  }
}

Result<void> change_life(const std::string& running_dir, const RestartJob& restart, const HealthJob* health) {
  const auto gone = [] { return fail(Code::kInUse, "the container has ended"); };
  LifeChange change;
  change.restart = restart;
  change.with_health = health != nullptr;
  if (health != nullptr) change.health = *health;
  const Fd memory(memfd_create("creel-change", MFD_CLOEXEC));
  if (!memory.valid()) return errno_error("memfd_create");
  TRY(write_all(memory.get(), encode(change)));
  TRY_SET(const Fd socket, connect_to(running_dir));
  if (!send_packet(socket.get(), Type::kChange, {}, true, memory.get())) return gone();
  for (;;) {
    TRY_SET(const Packet packet, receive_packet(socket.get()));
    if (packet.closed || packet.type == Type::kExit) return gone();
    if (packet.type == Type::kError) return runtime::decode_error(packet.data);
    if (packet.type == Type::kChanged) return {};
  }
}

Result<Attachment> attach(const std::string& running_dir, bool want_stdin, bool want_output) {
  TRY_SET(Fd socket, connect_to(running_dir));
  const char wants[2] = {static_cast<char>(want_stdin ? 1 : 0), static_cast<char>(want_output ? 1 : 0)};
  if (!send_packet(socket.get(), Type::kAttach, std::string_view(wants, 2)))
    return fail(Code::kInUse, "the container does not run");
  return Attachment(std::move(socket));
}

Result<bool> wait_gone(const std::string& running_dir, int timeout_ms) {
  std::optional<Clock::time_point> end;
  if (timeout_ms >= 0) end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (monitor_lives(running_dir)) {
    if (end && Clock::now() >= *end) return false;
    const std::optional<Fd> process = monitor_process(running_dir);
    // Between taking the lock and writing its name there is nothing to wait on; that is a matter of microseconds.
    pollfd waiting{process ? process->get() : -1, POLLIN, 0};
    const int patience = left_until(end);
    const int ready = poll(&waiting, 1, process ? patience : (patience < 0 ? 1 : std::min(patience, 1)));
    if (ready < 0 && errno != EINTR) return errno_error("waiting for the container's monitor");
    // Should another have started meanwhile: the one that was waited for is gone.
    if (ready > 0) return true;
  }
  return true;
}

}  // namespace creel::engine::monitor
