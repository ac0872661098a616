// A connection to systemd: its private socket, or a bus.
//
// Who runs this: creel-monitor and creel-runtime, also inside the engine's user namespace. Why not libsystemd: it
// cannot be linked into the static monitor, and loading it costs more than the whole conversation. Not thread-safe.
// Authentication is EXTERNAL: the peer sees our credentials as they are outside of every user namespace, and so the
// number that we claim is that of the host.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/cgroup/dbus_message.h"

namespace creel::engine::runtime {

using Deadline = std::chrono::steady_clock::time_point;

struct DBusAddress {
  std::string path;       // of a socket
  bool abstract = false;  // in the abstract namespace of unix(7)
  bool bus = true;        // a bus that routes messages, not systemd itself
};
// DBUS_SESSION_BUS_ADDRESS: the unix sockets among "unix:path=/run/user/1000/bus,guid=…;unix:abstract=…".
std::vector<DBusAddress> parse_bus_address(const std::string& text);

class DBus {
 public:
  // Only connects; the first message finds out whether we are welcome. kUnavailable.
  static Result<DBus> connect(const DBusAddress& address, std::uint32_t host_uid);

  // Queues a call and returns its serial number. Nothing waits: several calls cost one round trip.
  std::uint32_t send(DBusCall call);
  // The next message, whatever it is. kFailed with ETIMEDOUT.
  Result<DBusMessage> receive(Deadline deadline);
  // Sends, and waits for the reply; signals that come first are kept for receive(). An error reply is kFailed with the
  // peer's text; `error_name` (may be null) gets its D-Bus name.
  Result<DBusMessage> call(DBusCall call, Deadline deadline, std::string* error_name = nullptr);

  [[nodiscard]] bool is_bus() const { return bus_; }

 private:
  Result<void> wait(short events, Deadline deadline) const;
  Result<void> write(std::string& bytes, Deadline deadline) const;
  Result<void> flush(Deadline deadline);
  Result<void> fill(Deadline deadline);
  Result<void> authenticate(Deadline deadline);
  Result<DBusMessage> read_message(Deadline deadline);

  Fd socket_;
  bool bus_ = false, authenticated_ = false;
  std::uint32_t serial_ = 0;
  std::string login_, out_, in_;
  std::vector<DBusMessage> kept_;
};

}  // namespace creel::engine::runtime
