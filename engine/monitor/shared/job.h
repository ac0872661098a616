// What a monitor is asked to do, as plain data: sent once by the CLI that starts the container.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/monitor/shared/health.h"
#include "engine/monitor/shared/restart.h"
#include "engine/monitor/shared/runtime_program.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::monitor {

// kPassthrough: the container has the caller's own descriptors, and the monitor sees nothing of what it writes.
enum class LogDriver : std::uint8_t { kNone, kK8sFile, kJsonFile, kJournald, kPassthrough };

// When a service manager is told that the container is ready: sd_notify(3).
enum class NotifyWhen : std::uint8_t { kNever, kRunning, kContainerSays, kHealthy };
struct NotifyJob {
  NotifyWhen when = NotifyWhen::kNever;
  std::string socket;  // the manager's, as NOTIFY_SOCKET has it
};

struct NetworkJob {
  // Programs to start beside the container's network namespace; today slirp4netns or none.
  std::vector<std::string> argv;  // "@NETNS@", "@READY_FD@", "@EXIT_FD@", "@API@" are replaced; empty: nothing to start
  std::vector<std::string> port_requests;  // JSON of slirp4netns' API socket (add_hostfwd), sent in order
  std::vector<std::string> port_names;     // for errors: "127.0.0.1:8080->80/tcp"
};

// For a container that another OCI runtime runs: `plan` says how its root file system and volumes come about, config.json the
// rest. Its process.user is not known before the container's own /etc/passwd can be read.
struct RuntimeJob {
  RuntimeProgram program;
  std::string config_before_user, config_after_user;
};

struct Job {
  std::string id;
  std::string container_dir;    // <store>/containers/<id>
  std::string running_dir;      // <runtime>/containers/<id>, made by the CLI
  std::string runtime_dir;      // <runtime>: publishes itself in `userns`
  bool user_namespace = false;  // enter the engine's user namespace (false as root)
  bool open_stdin = false;      // -i
  bool keep_record = true;      // false with --rm: no durable exit record, `cleanup` is run instead
  LogDriver log_driver = LogDriver::kK8sFile;
  std::string log_path;
  std::int64_t log_max_size = 0;  // bytes; 0: unbounded
  int log_max_files = 1;
  std::string journal_fields;  // kJournald: what is said of the container with each line, "KEY=value\n"
  NotifyJob notify;
  bool timing = false;         // STARTED comes with the times of what was done
  std::string pidfile;         // --pidfile: written by the monitor; empty: none
  std::uint32_t timeout_s = 0;  // that each run may take; 0: any time
  std::string conmon_pidfile;  // --conmon-pidfile
  std::vector<std::string>
      cleanup_argv;  // run at the end when no attached CLI took over: creel --inside-userns … __cleanup ID
  // Where its end is noted as an event, and the beginning of that line, up to the status; empty: nowhere.
  std::string event_log, event_head;
  NetworkJob network;
  RuntimeJob runtime;
  HealthJob health;
  RestartJob restart;
  runtime::Plan plan;
};

// In the running directory: what stands for event_head since the container has another name.
inline constexpr const char* kEventHead = "event_head";

// What `update` changes of a container that runs.
struct LifeChange {
  RestartJob restart;
  bool with_health = false;
  HealthJob health;
};

std::string encode(const LifeChange& change);
Result<LifeChange> decode_life_change(std::string_view bytes);
// A monitor understands jobs of its own version alone.
std::uint32_t job_version();
std::string encode(const Job& job);
std::string encode(const HealthJob& job);
Result<HealthJob> decode_health_job(std::string_view bytes);
// HealthCheck::command.
std::string encode(const runtime::ProcessPlan& plan);
Result<runtime::ProcessPlan> decode_process_plan(std::string_view bytes);
Result<Job> decode_job(std::string_view bytes);

}  // namespace creel::engine::monitor
