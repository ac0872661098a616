// Spec -> Plan: every decision that needs a table or a library, made before any process is cloned.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/spec.h"

namespace creel::engine::runtime {

// Follows config.md's order: default file systems come from the spec's own mounts (engine/container's passes put them
// there), devices, masked and read-only paths follow. `in_userns`: the caller is in a user namespace; devices are bound from
// the host, not made, as they are where the Spec has a user namespace. Plan::cgroup, hook_state, no_pivot and new_keyring are
// the caller's to set.
// kInvalid: unknown mount option, capability, rlimit, namespace; a broken seccomp profile (the text says where).
// kUnavailable: a label of a security module that this host does not run; kNotFound: a device that it does not have.
Result<Plan> compile(const Spec& spec, bool in_userns);
// Where the init of Spec::init_path is in the container.
inline constexpr const char* kInitPath = "/run/podman-init";
Result<ProcessPlan> compile_process(const Process& process, const Seccomp& seccomp);

// Who is to own the container's control group (config-linux.md, "Cgroup ownership"), as the caller sees the ID: the
// container's user, where it may write to its control groups and sees none but these. Nothing: who makes the group.
std::optional<std::uint32_t> cgroup_owner(const Spec& spec);

// "RLIMIT_NOFILE" as setrlimit(2) takes it; -1: unknown.
int rlimit_number(std::string_view name);

// Capabilities. Names as capabilities(7), with or without CAP_, any case; "ALL".
const std::vector<std::string>& default_capabilities();  // Podman's eleven
const std::vector<std::string>& all_capabilities();      // known here and to the running kernel
// Applies --cap-add and --cap-drop to the default set. kInvalid names the unknown one.
Result<std::vector<std::string>> capability_set(const std::vector<std::string>& add,
                                                const std::vector<std::string>& drop);

// The specification's default masked and read-only paths, as Podman has them.
const std::vector<std::string>& default_masked_paths();
const std::vector<std::string>& default_readonly_paths();

}  // namespace creel::engine::runtime
