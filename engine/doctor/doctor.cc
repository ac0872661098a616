#include "engine/doctor/doctor.h"

#include <algorithm>

#include "engine/doctor/probes.h"

namespace creel::engine {

const char* to_string(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kLimited:
      return "limited";
    case Health::kFails:
      return "fails";
    case Health::kUntried:
      return "not tried";
  }
  return "";
}

bool HostReport::runs() const {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& f) { return f.health == Health::kFails; });
}

HostReport examine_host(const Options& options) {
  Examination host{.options = options, .identity = rootless::identity(options.inside_userns)};
  examine_directories(host);
  examine_user_namespaces(host);
  examine_overlay(host);
  examine_fuse(host);
  examine_network(host);
  examine_control_groups(host);
  examine_running(host);
  // Last: a restriction that did not keep a container from running does not apply to this program.
  examine_restrictions(host);
  remove_scratch(host);
  return std::move(host.report);
}

}  // namespace creel::engine
