// Finding a container and the truth about it; shared by the commands' files. Not thread-safe.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/container/container.h"

namespace creel::engine {

// kNotFound in Podman's words.
Result<storage::ContainerRecord> find_record(Engine& engine, const std::string& name);
Result<ContainerConfig> config_of(const storage::ContainerRecord& record);
monitor::Observed observe(Engine& engine, const std::string& id);
[[nodiscard]] bool is_alive(const monitor::Observed& observed);
// Or is initialized: namespaces and mounts are there, and one process.
[[nodiscard]] bool has_first_process(const monitor::Observed& observed);
// Or is about to be alive again by its monitor.
[[nodiscard]] bool is_active(const monitor::Observed& observed);
// A pidfd of the container's first process, checked not to be a recycled PID. kInUse when it neither runs nor is initialized.
Result<Fd> first_process(const monitor::Observed& observed);

// remove.cc: record, cidfile and, with `volumes`, anonymous volumes of a container that does not run; its files are left.
Result<void> forget_container(Engine& engine, const std::string& id, const std::string& cidfile, bool volumes);
// remove.cc: files and record of a container that does not run. `volumes`: its anonymous volumes too.
Result<void> delete_container(Engine& engine, const std::string& id, const std::string& cidfile, bool volumes);
// remove.cc: containers of --rm that have ended without anybody to remove them. `containers`: as observed; those
// removed are taken out.
void reap(Engine& engine, std::vector<Container>& containers);
// stop.cc: the user has stopped it: its restart policy does not start it any more.
void mark_stopped(Engine& engine, const std::string& id);
// stop.cc: `timeout` as for stop(); returns when its monitor is gone.
Result<void> stop_container(Engine& engine, const storage::ContainerRecord& record, unsigned timeout, int signal);

}  // namespace creel::engine
