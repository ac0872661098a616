// What a container has to do with the service manager that started this process: sd_notify(3), systemd.exec(5).
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"
#include "engine/monitor/shared/job.h"
#include "engine/runtime/spec.h"

namespace creel::engine {

// --sdnotify. kInvalid.
Result<void> check_sdnotify(const std::string& mode);

// --log-opt tag with {{.ID}}, {{.FullID}}, {{.Name}}, {{.ImageName}} and {{.ImageID}} replaced; empty: none was given.
// kInvalid.
Result<std::string> log_tag(const ContainerConfig& config);
// What the journal is told of the container with each line: "KEY=value\n".
std::string journal_fields(const ContainerConfig& config);

// For this start: nothing where no service manager waits, or --sdnotify=ignore.
monitor::NotifyJob notify_job(const ContainerConfig& config);
// A container that speaks for itself: the socket's directory is made and bound, NOTIFY_SOCKET set.
Result<void> add_notify_socket(Engine& engine, const ContainerConfig& config, const monitor::NotifyJob& job,
                               runtime::Spec& spec);
// The monitor is the service's main process from now on; said by this process, which is it as yet.
void announce_monitor(const ContainerConfig& config, pid_t monitor);

}  // namespace creel::engine
