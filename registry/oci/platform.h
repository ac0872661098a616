// Which platform runs what: names as Go and the image specification know them. Pure data. Thread-safe.
#pragma once

#include <string>

#include "registry/oci/manifest.h"

namespace creel::registry::oci {

// Other names of an architecture become the specification's ("x86_64": "amd64", "aarch64": "arm64", "armhf": "arm" v7),
// and a variant that says no more than its architecture goes (arm64 v8, amd64 v1).
Platform normalized(Platform platform);
// "linux/arm/v7".
std::string text(const Platform& platform);
// How well an image for `offered` serves `wanted`: -1 not at all, else 0 is best and more is worse.
int distance(const Platform& wanted, const Platform& offered);

}  // namespace creel::registry::oci
