// Session: a container that is initialized, and whose command is begun later, or never.
#include <signal.h>

#include "base/file.h"
#include "base/process.h"
#include "engine/monitor/process/quiet.h"
#include "engine/monitor/process/session.h"
#include "engine/monitor/process/termination.h"

namespace creel::engine::monitor {

Result<void> Session::record_initialized() {
  state_.initialized = true;
  note_processes();
  return write_atomic_at(running_dir_.get(), "state", encode(state_), 0600, Durability::kVolatile);
}

Result<bool> Session::await_start() {
  pass_on_termination(first_->pidfd());
  TRY(record_initialized());
  answer_starts(Type::kInitialized, {});
  const Quiet quiet;
  for (;;) {
    // Its first process would not hear SIGTERM: it is one of a PID namespace.
    if (is_termination_asked()) (void)pidfd_signal(first_->pidfd(), SIGKILL).ok();
    if (serve_clients(nullptr, quiet.before(), first_->pidfd())) return false;
    for (const Client& client : clients_) {
      if (client.wants_start && client.socket.valid()) return true;
    }
  }
}

void Session::answer_starts(Type type, std::string_view data) {
  for (Client& client : clients_) {
    if (!client.wants_start || !client.socket.valid()) continue;
    client.wants_start = false;
    client.unsent.push_back({type, std::string(data)});
    send_unsent(client);
  }
}

}  // namespace creel::engine::monitor
