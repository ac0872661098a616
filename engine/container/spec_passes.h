// ContainerConfig -> runtime::Spec, at each start: what a container is becomes what must be done here and now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"
#include "engine/runtime/spec.h"

namespace creel::engine {

struct JoinedNamespaces;

struct SpecContext {
  const JoinedNamespaces* joined = nullptr;  // of the modes "container:…" and "ns:…"; must outlive the call
  std::uint16_t rows = 0, columns = 0;       // of the terminal that is attached from the first byte
};
Result<runtime::Spec> make_spec(Engine& engine, const ContainerConfig& config, const SpecContext& context);

// What the first process and `exec` have in common: capabilities, seccomp and limits of a process of `config` that runs
// as `user` (empty, "0…", "root…": root). Groups that are to be looked up by name are added by add_groups().
Result<runtime::Process> make_process(const ContainerConfig& config, const std::string& user);
Result<void> add_groups(Engine& engine, const ContainerConfig& config, runtime::Process& process);
runtime::Seccomp make_seccomp(const ContainerConfig& config);
// All that this process can give.
std::vector<std::string> every_capability();
// Capabilities are kept across setuid for root only; others get what was added by name.
[[nodiscard]] bool is_root_user(const std::string& user);

// --- the parts of make_spec()

// spec_passes_namespaces.cc
void pass_spec_namespaces(const ContainerConfig& config, const SpecContext& context, runtime::Spec& spec);
Result<void> pass_spec_user_namespace(const ContainerConfig& config, const SpecContext& context, runtime::Spec& spec);
// Whether it runs in another user namespace than the engine's; whether in a new one, with mappings.
[[nodiscard]] bool has_user_namespace(const runtime::Spec& spec);
[[nodiscard]] bool maps_own_ids(const ContainerConfig& config);
// The namespace of another that is joined: null where none is, empty where it is the caller's own.
const std::string* joined_path(const SpecContext& context, runtime::NamespaceType type);
// spec_passes_mounts.cc
void pass_spec_root(Engine& engine, const ContainerConfig& config, runtime::Spec& spec);
Result<void> pass_spec_mounts(Engine& engine, const ContainerConfig& config, const SpecContext& context, runtime::Spec& spec);
// spec_passes_security.cc
Result<void> pass_spec_devices(Engine& engine, const ContainerConfig& config, runtime::Spec& spec);
void pass_spec_paths(const ContainerConfig& config, runtime::Spec& spec);
// --security-opt unmask: "ALL", or patterns of glob(7).
[[nodiscard]] bool is_unmasked(const std::vector<std::string>& patterns, const std::string& path);
// passes_process.cc: the file of --tz. kNotFound, in Podman's words.
Result<std::string> time_zone_file(const std::string& zone);

}  // namespace creel::engine
