// One monitor's life with its one container: prepare, start, serve, and as long as the restart policy says so again; finish.
// Single-threaded.
// Who runs it: creel-monitor, root of the engine's user namespace (or real root), in the host's other namespaces.
#pragma once

#include <signal.h>
#include <time.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/process/first_process.h"
#include "engine/monitor/process/log_writer.h"
#include "engine/monitor/process/network.h"
#include "engine/monitor/process/notifier.h"
#include "engine/monitor/process/prober.h"
#include "engine/monitor/shared/job.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/monitor/shared/record.h"
#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine::monitor {

class Session {
 public:
  // `preserved`: what becomes of the plan's preserve_fds; behind them what else is needed until the process is there.
  Session(Job job, std::vector<Fd> preserved, Fd starter, bool starter_attached);

  // Lock, stdio, first process, network; all but the exec.
  Result<void> prepare();
  // For a container that is to be started later: records it as initialized, tells the one who began this, and waits until
  // somebody has had it started (true), or it has ended (false).
  Result<bool> await_start();
  // Records that it runs, and execs. After an error the records are as they were.
  Result<pid_t> start();
  // Until the container has ended and everything it wrote is in the log and sent, or queued for clients that are slow.
  // Meanwhile its health is looked after.
  void serve();
  // Exit record, event: all that is to be said of a run.
  void end_run();
  // Where the restart policy, or the health check, says so: waits for its time and starts the container anew. False: it stays
  // as it is.
  bool run_again();
  // Clients, --rm. Ends soon, whatever the clients do: what slow ones have not yet read, a copy of this
  // process gives them that nobody waits for.
  void finish();
  // After finish(): the container's.
  [[nodiscard]] int exit_code() const { return exit_code_; }
  // With Job::timing: what was done when, until start() came back.
  [[nodiscard]] const std::string& timing() const { return timing_; }
  // Whoever waits for the start hears how it went.
  void answer_starts(Type type, std::string_view data);
  // Undoes prepare().
  void abandon();

 private:
  struct Unsent {
    Type type;
    std::string data;
  };
  struct Client {
    Fd socket;
    bool wants_output = false, wants_stdin = false, wants_probe = false, wants_restart = false, wants_start = false;
    // What did not fit: while the container runs one packet, and until it is gone nothing more is read from the
    // container.
    std::vector<Unsent> unsent;
  };

  Result<void> prepare_stdio(Fd& child_in, Fd& child_out, Fd& child_err);
  Result<void> listen_for_clients();
  Result<void> begin_placement();
  Result<void> finish_placement();
  void note_oom();
  void note_time(const char* done);
  void leave_control_group();
  Result<void> start_recorded();
  void accept_clients();
  bool serve_clients(const timespec* patience, const sigset_t& mask, int pidfd = -1);
  void note_processes();
  void read_output(Fd& from, bool is_stderr);
  void drain(Fd& from, bool is_stderr);
  void deliver(Type type, std::string_view data);
  void send_unsent(Client& client);
  void read_client(Client& client);
  void write_stdin();
  void close_stdin();
  void drop_client(Client& client);
  void forget_dropped();
  [[nodiscard]] bool stalled() const;
  void write_exit();
  void remove_run_files();
  void abandon_run();
  void forget_run();
  // health_care.cc
  void watch_health();
  void probe_now();
  void take_probe();
  void answer_probes(ProbeResult result);
  void change_life(Client& client, int memory);
  Result<void> take_change(int memory);
  void end_by_health(HealthAction action);
  void begin_end(int signal, std::uint32_t timeout_s);
  [[nodiscard]] int patience_ms() const;
  // await_start.cc
  Result<void> record_initialized();
  // restarts.cc
  [[nodiscard]] bool stopped_by_user() const;
  void mark_stopped();
  bool pause_before_restart();
  Result<void> restart();
  void restart_on_demand(Client& client, std::string_view data);
  void answer_restarts(const Error* error);
  enum class Cleanup : std::uint8_t { kNobody, kTaken, kForgotten };
  [[nodiscard]] bool wants_cleanup() const { return !job_.keep_record && !job_.cleanup_argv.empty(); }
  void note_end();
  Cleanup part_from_clients(bool want_cleanup, int patience_ms);
  void clean_up(Cleanup done);

  Job job_;
  std::vector<Fd> preserved_;
  std::vector<Fd> passed_through_;  // kPassthrough: the caller's three, for the next start
  Fd lock_, container_dir_, running_dir_;
  Fd out_, err_, in_, listener_;
  // The pty's main side, and the container's side held open: without it poll(2) would return at once for as long as no
  // process of the container has the terminal open.
  Fd terminal_, terminal_side_;
  bool terminal_hung_up_ = false;  // the session leader is ending; what is left is read at the end
  std::unique_ptr<FirstProcess> first_;
  runtime::CgroupPlacement placement_;
  std::optional<runtime::CgroupWatch> watch_;
  bool oom_killed_ = false;
  NetworkHelper network_;
  Notifier notifier_;
  LogWriter log_;
  std::vector<Client> clients_;
  std::string stdin_pending_;
  bool stdin_ends_ = false;
  StateRecord state_;
  int exit_code_ = 0;
  std::string exit_error_;  // of a restart that has failed
  Prober prober_;
  std::optional<std::int64_t> kill_at_ns_;  // a health check ends the container, which has until then
  std::optional<std::int64_t> deadline_ns_;  // --timeout
  bool restart_asked_ = false;              // by a health check, or a command
  bool restart_at_once_ = false;            // by a command
  bool restarted_ = false;                  // this run was not begun by a command
  std::int64_t began_ns_ = 0, last_pause_ns_ = 0;
  std::string timing_;
};

}  // namespace creel::engine::monitor
