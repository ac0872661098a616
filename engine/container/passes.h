// The passes of `create`: each turns a part of what was asked for, and of what the image says, into a part of the
// ContainerConfig. They run in the order of create.cc; a later pass may rely on what an earlier one has set.
// Errors are the user's to read: they name the flag's value. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/container/options.h"
#include "engine/engine.h"
#include "engine/image/image_config.h"
#include "storage/store.h"

namespace creel::engine {

struct Creation {
  Engine& engine;
  const CreateOptions& options;
  const std::vector<std::string>& argv;
  storage::ImageRecord image;  // empty with --rootfs
  ImageConfig image_config;
  ContainerConfig config;                      // being made
  std::vector<storage::VolumeRecord> volumes;  // used; made in the same transaction where absent
};

// passes_identity.cc
Result<void> pass_refuse_unbuilt(Creation& creation);
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
// passes_security.cc
Result<void> pass_userns(Creation& creation);
Result<void> pass_capabilities(Creation& creation);
Result<void> pass_security(Creation& creation);
Result<void> pass_limits(Creation& creation);
// passes_life.cc
Result<void> pass_life(Creation& creation);
Result<void> pass_logging(Creation& creation);
Result<void> pass_runtime(Creation& creation);
Result<void> pass_id_files(Creation& creation);

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
