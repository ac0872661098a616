// --device, --device-cgroup-rule, --group-add, --oom-score-adj and --personality.
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "engine/container/devices.h"
#include "engine/container/passes.h"

namespace creel::engine {

namespace {

bool is_access(const std::string& text) {
  return !text.empty() && text.size() <= 3 && text.find_first_not_of("rwm") == std::string::npos;
}

Result<void> pass_groups(Creation& creation) {
  ContainerConfig& config = creation.config;
  const std::vector<std::string>& given = creation.options.group_add;
  if (std::find(given.begin(), given.end(), "keep-groups") != given.end()) {
    if (given.size() > 1) {
      return fail(Code::kInvalid,
                  "the '--group-add keep-groups' option is not allowed with any other --group-add options");
    }
    config.annotations[kKeepGroups] = "1";
    return {};
  }
  for (const std::string& group : given) {
    if (group.empty() || group.find_first_of(":\n") != std::string::npos) {
      return fail(Code::kInvalid, "--group-add \"" + group + "\": a group's name or number is expected");
    }
    config.group_add.push_back(group);
  }
  return {};
}

}  // namespace

Result<std::string> parse_device(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() > 3 || parts[0].empty()) return fail(Code::kInvalid, "invalid device specification: " + text);
  std::string destination = parts[0];
  std::string access = "rwm";
  if (parts.size() == 2 && is_access(parts[1])) {
    access = parts[1];
  } else if (parts.size() >= 2) {
    if (parts[1].empty() || parts[1].front() != '/') return fail(Code::kInvalid, "invalid device mode: " + parts[1]);
    destination = clean_path(parts[1]);
  }
  if (parts.size() == 3) {
    if (!is_access(parts[2])) return fail(Code::kInvalid, "invalid device mode: " + parts[2]);
    access = parts[2];
  }
  if (parts[0].front() != '/') {
    if (parts[0].find('=') != std::string::npos) {
      return fail(Code::kUnsupported, "--device " + text + ": CDI devices are not built yet");
    }
    return fail(Code::kInvalid, "--device " + text + ": an absolute path is expected");
  }
  return clean_path(parts[0]) + ":" + destination + ":" + access;
}

Result<void> pass_devices(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  for (const std::string& text : options.device) {
    TRY_SET(std::string device, parse_device(text));
    TRY(host_devices(device));  // one that is missing is told now
    config.devices.push_back(std::move(device));
  }
  for (const std::string& text : options.device_cgroup_rule) {
    TRY(parse_device_rule(text));
    if (creation.engine.rootless()) {
      return fail(Code::kUnsupported,
                  "device cgroup rules are not supported in rootless mode or in a user namespace: only root may filter "
                  "devices");
    }
    config.device_rules.push_back(text);
  }
  TRY(pass_groups(creation));
  if (options.oom_score_adj) {
    if (*options.oom_score_adj < -1000 || *options.oom_score_adj > 1000) {
      return fail(Code::kInvalid, "--oom-score-adj " + std::to_string(*options.oom_score_adj) +
                                      ": must be between -1000 and 1000");
    }
    config.oom_score_adj = static_cast<int>(*options.oom_score_adj);
  }
  if (!options.personality.empty()) {
    config.personality = options.personality;
    std::transform(config.personality.begin(), config.personality.end(), config.personality.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (config.personality != "LINUX" && config.personality != "LINUX32") {
      return fail(Code::kInvalid, "unknown personality \"" + options.personality + "\": LINUX or LINUX32 is expected");
    }
  }
  return {};
}

}  // namespace creel::engine
