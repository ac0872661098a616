#include "registry/oci/platform.h"

#include <charconv>

namespace creel::registry::oci {

namespace {

// "v7" is 7; "v8.2" is 8; anything else is -1.
int version_of(const std::string& variant) {
  int value = 0;
  if (variant.size() < 2 || variant[0] != 'v') return -1;
  auto [end, status] = std::from_chars(variant.data() + 1, variant.data() + variant.size(), value);
  const bool whole = end == variant.data() + variant.size() || *end == '.';
  return status == std::errc{} && whole && value >= 0 && value < 100 ? value : -1;
}

}  // namespace

Platform normalized(Platform platform) {
  auto& [os, architecture, variant] = platform;
  if (architecture == "x86_64" || architecture == "x86-64") architecture = "amd64";
  if (architecture == "i386" || architecture == "i686") architecture = "386";
  if (architecture == "aarch64") architecture = "arm64";
  if (architecture == "armhf" || architecture == "armel") {
    if (variant.empty()) variant = architecture == "armhf" ? "v7" : "v6";
    architecture = "arm";
  }
  if (!variant.empty() && variant[0] >= '0' && variant[0] <= '9') variant.insert(0, 1, 'v');
  if ((architecture == "arm64" && variant == "v8") || (architecture == "amd64" && variant == "v1")) variant.clear();
  return platform;
}

std::string text(const Platform& platform) {
  std::string out = platform.os + "/" + platform.architecture;
  if (!platform.variant.empty()) out += "/" + platform.variant;
  return out;
}

int distance(const Platform& wanted_as_given, const Platform& offered_as_given) {
  const Platform wanted = normalized(wanted_as_given), offered = normalized(offered_as_given);
  if (wanted.os != offered.os || wanted.architecture != offered.architecture) return -1;
  if (wanted.variant == offered.variant) return 0;
  // A processor runs what was built for its own version and for all before. Without a variant, 32-bit ARM is whatever
  // the newest can do, the others are their baseline (which every machine runs), and then as little above it as there
  // is.
  constexpr int kLeast = 50;
  const bool arm = wanted.architecture == "arm";
  const int baseline = arm ? 0 : wanted.architecture == "arm64" ? 8 : 1;
  const int has = offered.variant.empty() ? baseline : version_of(offered.variant);
  if (has < 0) return wanted.variant.empty() ? 2 * kLeast : -1;
  if (wanted.variant.empty()) return arm ? 1 + (has > 8 ? kLeast + has : 8 - has) : 1 + has;
  const int wants = version_of(wanted.variant);
  if (wants < 0) return offered.variant.empty() ? 1 : -1;
  return has <= wants ? 1 + wants - has : -1;
}

}  // namespace creel::registry::oci
