// The passes of `create`: each turns a part of what was asked for, and of what the image says, into a part of the
// ContainerConfig. They run in the order of create.cc; a later pass may rely on what an earlier one has set.
// Errors are the user's to read: they name the flag's value. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/container/id_maps.h"
#include "engine/container/options.h"
#include "engine/engine.h"
#include "engine/image/image_config.h"
#include "storage/store.h"

namespace creel::engine {

// --userns=auto: what is asked for, until the other containers are known.
struct AutoIds {
  std::uint64_t size = 0;
  IdMap uids, gids;  // that must be
  std::vector<IdSpan> free_uids, free_gids;
};

struct Creation {
  Engine& engine;
  const CreateOptions& options;
  const std::vector<std::string>& argv;
  storage::ImageRecord image;  // empty with --rootfs
  ImageConfig image_config;
  ContainerConfig config;                      // being made
  std::vector<storage::VolumeRecord> volumes;  // used; made in the same transaction where absent
  AutoIds auto_ids;
};

// passes_identity.cc
Result<void> pass_identity(Creation& creation);
Result<void> pass_image(Creation& creation);
Result<void> pass_labels(Creation& creation);
// passes_process.cc
Result<void> pass_command(Creation& creation);
Result<void> pass_user(Creation& creation);
Result<void> pass_environment(Creation& creation);
Result<void> pass_init(Creation& creation);
// passes_mounts.cc
Result<void> pass_mounts(Creation& creation);
// passes_network.cc
Result<void> pass_network(Creation& creation);
Result<void> pass_ports(Creation& creation);
// passes_namespaces.cc
Result<void> pass_namespaces(Creation& creation);
Result<void> pass_sysctls(Creation& creation);
// passes_userns.cc
Result<void> pass_userns(Creation& creation);
// The part of it that depends on the other containers; in the transaction that adds this one.
Result<void> allocate_ids(Creation& creation, const std::vector<std::string>& other_configs);
// passes_devices.cc
Result<void> pass_devices(Creation& creation);
// passes_security.cc
Result<void> pass_capabilities(Creation& creation);
Result<void> pass_security(Creation& creation);
Result<void> pass_limits(Creation& creation);
// passes_limits.cc
Result<void> pass_control_group(Creation& creation);
// passes_life.cc
Result<void> pass_life(Creation& creation);
Result<void> pass_logging(Creation& creation);
Result<void> pass_runtime(Creation& creation);
Result<void> pass_id_files(Creation& creation);

// crun's annotation for --group-add keep-groups, which is how Podman says it.
inline constexpr const char* kKeepGroups = "run.oci.keep_original_groups";

// --- pure parts, for unit tests and exec

// "K=V", "K" (from `host`), "PRE*" (all of `host` with that prefix) into `env`, replacing what is there.
Result<void> add_env(const std::string& text, const std::vector<std::string>& host, std::vector<std::string>& env);
// A file of such lines; blank lines and lines beginning with '#' are skipped.
Result<void> add_env_file(const std::string& path, const std::vector<std::string>& host, std::vector<std::string>& env);
void set_env(std::vector<std::string>& env, const std::string& key, const std::string& value);
[[nodiscard]] bool has_env(const std::vector<std::string>& env, const std::string& key);
std::vector<std::string> host_environment();

// -v "[SOURCE:]DESTINATION[:OPTIONS]". A name is left empty for an anonymous volume.
Result<VolumeMount> parse_volume(const std::string& text);
// --mount "type=bind,src=…,dst=…".
Result<VolumeMount> parse_mount(const std::string& text);
// --tmpfs "PATH[:OPTIONS]".
Result<VolumeMount> parse_tmpfs(const std::string& text);
// Absolute, without "//", "/./", trailing slash; ".." is resolved lexically.
std::string clean_path(const std::string& path);

// "container:<full ID>" of the container that is called so. `kind`: of the namespace, for the error.
Result<std::string> shared_with(Creation& creation, const std::string& name, const char* kind);
// Whether this mode of a namespace is another's: "container:…", "ns:…".
inline bool joins(const std::string& mode) { return mode.rfind("container:", 0) == 0 || mode.rfind("ns:", 0) == 0; }

// --device "HOST[:CONTAINER][:rwm]" as "HOST:CONTAINER:rwm". kInvalid.
Result<std::string> parse_device(const std::string& text);

struct KeepId {
  std::optional<std::uint32_t> uid, gid;
};
// "keep-id[:uid=N,gid=N]".
Result<KeepId> parse_keep_id(const std::string& userns);

// "nofile=1024:2048", "nofile=1024", "host".
Result<void> check_ulimit(const std::string& text);
// JSON array, or one word.
std::vector<std::string> parse_entrypoint(const std::string& text);

}  // namespace creel::engine
