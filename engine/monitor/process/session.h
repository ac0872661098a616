// One monitor's life with its one container: prepare, start, serve, finish. Single-threaded.
// Who runs it: creel-monitor, root of the engine's user namespace (or real root), in the host's other namespaces.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/process/log_writer.h"
#include "engine/monitor/process/network.h"
#include "engine/monitor/shared/job.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/monitor/shared/record.h"
#include "engine/runtime/child/init.h"

namespace creel::engine::monitor {

class Session {
 public:
  Session(Job job, Fd starter, bool starter_attached);

  // Lock, stdio, first process, network; all but the exec.
  Result<void> prepare();
  // Records that it runs, and execs.
  Result<pid_t> start();
  // Until the container has ended and everything it wrote is in the log and with the clients.
  void serve();
  // Exit record, clients, --rm.
  void finish();
  // Undoes prepare().
  void abandon();

 private:
  struct Client {
    Fd socket;
    bool wants_output = false, wants_stdin = false;
    std::string unsent;     // one packet that did not fit: until it is gone nothing more is read from the container
    Type unsent_type = Type::kStdout;
  };

  Result<void> listen_for_clients();
  void accept_client();
  void read_output(Fd& from, bool is_stderr);
  void deliver(Type type, std::string_view data);
  bool retry_unsent(Client& client);
  void read_client(Client& client);
  void write_stdin();
  void close_stdin();
  void drop_client(Client& client);
  [[nodiscard]] bool stalled() const;
  void write_exit();
  void flush_clients();

  Job job_;
  Fd lock_, container_dir_, running_dir_;
  Fd out_, err_, in_, terminal_, listener_;
  runtime::InitProcess init_;
  NetworkHelper network_;
  LogWriter log_;
  std::vector<Client> clients_;
  std::string stdin_pending_;
  bool stdin_ends_ = false;
  StateRecord state_;
  int exit_code_ = 0;
};

}  // namespace creel::engine::monitor
