// The image of a container to be made: what is in the store, else what `creel-images pull` fetches.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "engine/container/options.h"
#include "engine/engine.h"
#include "storage/store.h"

namespace creel::engine {

// "always", "missing", "never", "newer" and their other spellings. kInvalid.
Result<PullPolicy> parse_pull_policy(const std::string& text);

// "oci:DIRECTORY", "docker-archive:FILE", "docker://NAME": where an image is, not what it is called.
// (registry/location.h, which the commands that run containers do not link, knows the rest.)
bool is_location(const std::string& name);

// What the policy allows to use as it is; nullopt: it must be pulled. kNotFound with PullPolicy::kNever.
// A location is pulled whatever the policy, as with Podman, unless an image is called so.
Result<std::optional<storage::ImageRecord>> image_at_hand(Engine& engine, const std::string& name, PullPolicy policy,
                                                          const std::string& platform);
// Runs `creel-images pull` as a child; its messages and progress go to our stderr.
Result<storage::ImageRecord> pull_image(Engine& engine, const CreateOptions& options);

}  // namespace creel::engine
