// With --userns keep-id the caller has an entry in the container's /etc/passwd and /etc/group, so that programs find a name
// and a home for the ID they run as.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"

namespace creel::engine {

[[nodiscard]] bool wants_user_files(const ContainerConfig& config);
// Writes `passwd` and `group` into the directory `running`, each only where the image's own lacks the ID.
Result<void> write_user_files(Engine& engine, const ContainerConfig& config, int running);
// --hostuser: the host's line of passwd(5) for a user's name or number, without a password. kNotFound.
Result<std::string> host_user_line(const std::string& user);
// The image's, or what the container has made of it; empty where it is absent or no regular file.
std::string file_of_image(Engine& engine, const ContainerConfig& config, const std::string& name);
// A number, or a name of the container's /etc/group. kInvalid in Podman's words.
Result<std::uint32_t> group_id(Engine& engine, const ContainerConfig& config, const std::string& group);
// `text` in the format of passwd(5) or group(5): whether a line has `id` in its third field.
[[nodiscard]] bool has_id(const std::string& text, const std::string& id);

}  // namespace creel::engine
