// ContainerConfig -> runtime::Spec, at each start: what a container is becomes what must be done here and now.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"
#include "engine/runtime/spec.h"

namespace creel::engine {

struct SpecContext {
  std::string network_namespace;        // /proc/PID/ns/net to join; empty: as config.network says
  std::uint16_t rows = 0, columns = 0;  // of the terminal that is attached from the first byte
};
Result<runtime::Spec> make_spec(Engine& engine, const ContainerConfig& config, const SpecContext& context);

// What the first process and `exec` have in common: capabilities, seccomp and limits of a process of `config` that runs
// as `user` (empty, "0…", "root…": root).
Result<runtime::Process> make_process(const ContainerConfig& config, const std::string& user);
runtime::Seccomp make_seccomp(const ContainerConfig& config);
// Capabilities are kept across setuid for root only; others get what was added by name.
[[nodiscard]] bool is_root_user(const std::string& user);

}  // namespace creel::engine
