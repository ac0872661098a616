// Containers: what one may ask of them. Every function is one command's whole effect; cmd/ only parses and prints.
// Errors carry the text users see after "Error: ". Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/signals.h"
#include "engine/container/config.h"
#include "engine/container/options.h"
#include "engine/engine.h"
#include "engine/monitor/client.h"
#include "engine/monitor/log.h"
#include "engine/monitor/shared/record.h"

namespace creel::engine {

// A record together with the truth about its state, observed once.
struct Container {
  storage::ContainerRecord record;
  monitor::Observed observed;
};

// Makes the image available (runs `creel-images pull` where the policy asks for it), then creates the record and its
// directories. Returns the full ID. `argv`: the command line, for inspect.
Result<std::string> create(Engine& engine, const CreateOptions& options, const std::vector<std::string>& argv);

struct StartRequest {
  bool attach = false;
  bool interactive = false;  // forward stdin
  bool sig_proxy = true;
  bool out = true, err = true;  // which of its outputs are shown
  std::string detach_keys = "ctrl-p,ctrl-q";
  std::vector<std::uint32_t> preserve_fds;  // descriptors of ours that it gets at the same numbers
  int listen_fds = 0;                       // how many of them, from 3 on, are a service manager's sockets
};
struct StartOutcome {
  bool detached = false;
  int exit_code = 0;  // with attach: the container's
};
// `run`: create + start with one monitor begun as early as possible. `on_created` gets the ID before the container
// runs.
Result<StartOutcome> run(Engine& engine, const CreateOptions& options, const StartRequest& request,
                         const std::vector<std::string>& argv,
                         const std::function<void(const std::string& id)>& on_created);
// kInUse where it runs already (without attach that is success, as in Podman).
Result<StartOutcome> start(Engine& engine, const std::string& name, const StartRequest& request);
// All of start() but the command itself: namespaces, mounts and network are there. kInUse where that has been done.
Result<void> initialize(Engine& engine, const std::string& name);
// For a monitor whose restart policy starts the container anew, our parent: computes its next job and sends it to `monitor`. One of
// another `version`, from before an upgrade, would not understand that: it is ended, and the container has a new one. Runs where
// the monitor does, in the engine's user namespace.
Result<void> start_again(Engine& engine, const std::string& id, std::uint32_t version, Fd monitor);
Result<StartOutcome> attach(Engine& engine, const std::string& name, const StartRequest& request);

// SIGTERM (or its stop signal), then SIGKILL after `timeout` seconds (absent: the container's). Already stopped:
// success.
// `signal`: another than its own; empty: its own.
Result<void> stop(Engine& engine, const std::string& name, std::optional<unsigned> timeout, const std::string& signal = {});
Result<void> kill(Engine& engine, const std::string& name, const std::string& signal);
// stop() and start(); what does not run is started.
Result<void> restart(Engine& engine, const std::string& name, std::optional<unsigned> timeout, const std::string& signal = {});
// kExists where another has the name, kInvalid.
Result<void> rename(Engine& engine, const std::string& name, const std::string& to);
// All its processes stand still until unpause. kInUse: wrong state; kUnavailable: it has no control group.
Result<void> pause(Engine& engine, const std::string& name);
Result<void> unpause(Engine& engine, const std::string& name);
using creel::parse_signal;
struct RemoveOptions {
  bool force = false;    // stop first; an absent container is then success
  bool volumes = false;  // anonymous volumes too
  bool depend = false;   // what depends on it first
  std::optional<unsigned> timeout;
};
// kNotFound, kInUse (running, without force; others depend on it, without depend).
Result<void> remove(Engine& engine, const std::string& name, const RemoveOptions& options);
// Waits for the end; the exit code.
Result<int> wait(Engine& engine, const std::string& name);

// Exit code of the command, or detached.
Result<StartOutcome> exec(Engine& engine, const std::string& name, const ExecOptions& options);

struct ListOptions {
  bool all = false, latest = false, size = false;
  int last = -1;
  std::vector<std::string> filters;  // "status=exited"; kInvalid names an unknown key
};
Result<std::vector<Container>> list(Engine& engine, const ListOptions& options);
Result<Container> find(Engine& engine, const std::string& name);

// The document of `inspect --type container`, with Podman's keys. `size` wants an engine that is inside (engine/system/inside.h).
Result<nlohmann::json> inspect(Engine& engine, const std::string& name, bool size);

struct LogsRequest {
  bool follow = false;
  std::int64_t tail = -1;
  std::optional<std::int64_t> since_ns, until_ns;
  std::function<bool()> caught_up;  // monitor::LogQuery
};
Result<void> logs(Engine& engine, const std::string& name, const LogsRequest& request,
                  const std::function<bool(const monitor::LogLine&)>& line);

// Published ports of a container, for `port` and ps.
Result<std::vector<net::PortMapping>> ports(Engine& engine, const std::string& name);
std::vector<net::PortMapping> ports_of(const storage::ContainerRecord& record);

// The monitor's last act for --rm when nobody else did (`creel __cleanup ID`), and the first act of any listing for
// containers whose monitor was killed: removes record and files of a --rm container that has ended.
Result<void> cleanup(Engine& engine, const std::string& id);

}  // namespace creel::engine
