// Capabilities, seccomp and the other --security-opt, resource limits.
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/passes.h"
#include "engine/runtime/compile.h"

namespace creel::engine {

namespace {

// The parts of an SELinux label that were asked for.
struct LabelOptions {
  bool disable = false, nested = false;
  std::string user, role, type, level, file_type;
  [[nodiscard]] bool any() const {
    return nested || !(user + role + type + level + file_type).empty();
  }
};

Result<void> add_label(const std::string& value, LabelOptions& label) {
  const Cut pair = cut(value, ':');
  if (value == "disable") {
    label.disable = true;
  } else if (value == "nested") {
    label.nested = true;
  } else if (pair.found && !pair.after.empty()) {
    for (const auto& [key, part] : {std::pair{"user", &label.user}, std::pair{"role", &label.role},
                                    std::pair{"type", &label.type}, std::pair{"level", &label.level},
                                    std::pair{"filetype", &label.file_type}}) {
      if (pair.before != key) continue;
      *part = pair.after;
      return {};
    }
    return fail(Code::kInvalid, "invalid --security-opt \"label=" + value + "\": user, role, type, level or filetype is expected");
  } else {
    return fail(Code::kInvalid, "invalid --security-opt \"label=" + value + "\"");
  }
  return {};
}

// A label is set where one is asked for. Asked for and not to be had is an error, never silence.
Result<void> apply_labels(const LabelOptions& label, ContainerConfig& config) {
  if (label.disable || !label.any()) return {};
  if (!path_exists("/sys/fs/selinux/enforce")) {
    return fail(Code::kUnavailable, "--security-opt label: SELinux is not enabled on this system");
  }
  auto part = [](const std::string& given, const char* usual) { return given.empty() ? std::string(usual) : given; };
  const std::string level = part(label.level, "s0");
  config.selinux_label = part(label.user, "system_u") + ":" + part(label.role, "system_r") + ":" +
                         part(label.type, "container_t") + ":" + level;
  config.mount_label = "system_u:object_r:" + part(label.file_type, "container_file_t") + ":" + level;
  return {};
}

// --seccomp-policy=image: the profile that the image brings along, where it has one and none was asked for.
Result<void> apply_seccomp_policy(Creation& creation) {
  const std::string& policy = creation.options.seccomp_policy;
  if (policy == "default") return {};
  if (policy != "image") return fail(Code::kInvalid, "invalid seccomp policy \"" + policy + "\": default or image is expected");
  const auto& labels = creation.image_config.labels;
  const auto profile = labels.find("io.containers.seccomp.profile");
  if (profile != labels.end() && creation.config.seccomp.empty()) {
    creation.config.seccomp = profile->second;
    creation.config.seccomp_name = "image";
  }
  return {};
}

bool has_apparmor() {
  auto text = read_file("/sys/module/apparmor/parameters/enabled", 16);
  return text.ok() && !text->empty() && text->front() == 'Y';
}

std::vector<std::string> paths_of(const std::string& value) {
  std::vector<std::string> out;
  for (const std::string& path : split(value, ':')) {
    if (!path.empty()) out.push_back(path);
  }
  return out;
}

}  // namespace

Result<void> pass_capabilities(Creation& creation) {
  ContainerConfig& config = creation.config;
  for (const auto& [from, to] : {std::pair{&creation.options.cap_add, &config.cap_add},
                                 std::pair{&creation.options.cap_drop, &config.cap_drop}}) {
    for (const std::string& text : *from) {
      for (std::string& name : split(text, ',')) {
        if (!name.empty()) to->push_back(std::move(name));
      }
    }
  }
  // Names that do not exist are told now, not at the first start.
  TRY(runtime::capability_set(config.cap_add, config.cap_drop));
  return {};
}

Result<void> pass_security(Creation& creation) {
  ContainerConfig& config = creation.config;
  config.privileged = creation.options.privileged;
  LabelOptions label;
  for (const std::string& option : creation.options.security_opt) {
    // "key=value", or the older "key:value".
    const std::size_t at = option.find_first_of("=:");
    const std::string key = option.substr(0, at);
    const std::string value = at == std::string::npos ? std::string() : option.substr(at + 1);
    if (key == "no-new-privileges") {
      if (!value.empty() && value != "true" && value != "false") {
        return fail(Code::kInvalid, "invalid --security-opt \"" + option + "\": true or false is expected");
      }
      config.no_new_privileges = value != "false";
    } else if (key == "seccomp") {
      config.seccomp_name = value;
      if (value == "unconfined") {
        config.seccomp = value;
      } else if (value.empty()) {
        return fail(Code::kInvalid,
                    "invalid --security-opt \"" + option + "\": a profile's path or unconfined is expected");
      } else {
        auto text = read_file(value, 4 << 20);
        if (!text.ok()) return std::move(text).error().within("opening seccomp profile");
        config.seccomp = std::move(text).value();
      }
    } else if (key == "label") {
      TRY(add_label(value, label));
    } else if (key == "apparmor") {
      if (value.empty()) return fail(Code::kInvalid, "invalid --security-opt \"" + option + "\": a profile's name or unconfined is expected");
      if (value != "unconfined" && !has_apparmor()) {
        return fail(Code::kUnavailable, "apparmor profile \"" + value + "\" specified, but Apparmor is not enabled on this system");
      }
      config.apparmor = value;
    } else if (key == "mask") {
      for (std::string& path : paths_of(value)) config.mask.push_back(std::move(path));
    } else if (key == "unmask") {
      for (std::string& path : paths_of(value)) config.unmask.push_back(value == "all" ? "ALL" : std::move(path));
    } else if (key == "proc-opts") {
      config.proc_opts = value;
    } else {
      return fail(Code::kInvalid, "invalid --security-opt 2: \"" + option + "\"");
    }
    config.security_opt.push_back(option);
  }
  TRY(apply_seccomp_policy(creation));
  return apply_labels(label, config);
}

Result<void> check_ulimit(const std::string& text) {
  if (text == "host") return {};
  static const std::vector<std::string> kNames = {"core",    "cpu",      "data",   "fsize",      "locks",
                                                  "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                                  "rss",     "rtprio",   "rttime", "sigpending", "stack"};
  const Cut pair = cut(text, '=');
  if (!pair.found)
    return fail(Code::kInvalid,
                "ulimit option \"" + text + "\" requires name=SOFT:HARD, failed to be parsed: invalid ulimit argument");
  std::string name = pair.before;
  if (name.rfind("RLIMIT_", 0) == 0) name.erase(0, 7);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
    return fail(Code::kInvalid, "ulimit option \"" + text +
                                    "\" requires name=SOFT:HARD, failed to be parsed: invalid ulimit type: " + name);
  }
  const Cut limits = cut(pair.after, ':');
  TRY_SET(std::int64_t soft, parse_int(limits.before, "ulimit " + name));
  std::int64_t hard = soft;
  if (limits.found) {
    TRY_SET(hard, parse_int(limits.after, "ulimit " + name));
  }
  if (soft < -1 || hard < -1)
    return fail(Code::kInvalid, "ulimit option \"" + text + "\": a limit is -1 (none) or positive");
  if (hard != -1 && (soft > hard || soft == -1)) {
    return fail(Code::kInvalid, "ulimit option \"" + text +
                                    "\" requires name=SOFT:HARD, failed to be parsed: ulimit soft limit must "
                                    "be less than or equal to hard limit: " +
                                    std::to_string(soft) + " > " + std::to_string(hard));
  }
  return {};
}

Result<void> pass_limits(Creation& creation) {
  ContainerConfig& config = creation.config;
  TRY_SET(const EngineConfiguration* defaults, creation.engine.configuration());
  for (const std::string& text : defaults->default_ulimits) {
    auto checked = check_ulimit(text);
    if (!checked.ok()) return std::move(checked).error().within("containers.conf");
    config.ulimits.push_back(text);
  }
  for (const std::string& text : creation.options.ulimit) {
    TRY(check_ulimit(text));
    std::erase_if(config.ulimits, [&](const std::string& old) { return cut(old, '=').before == cut(text, '=').before; });
    config.ulimits.push_back(text);
  }
  const bool given = !creation.options.shm_size.empty();
  const std::string& shm_size = given ? creation.options.shm_size : defaults->shm_size;
  if (!shm_size.empty()) {
    const std::string what = given ? "--shm-size" : "containers.conf: shm_size";
    TRY_SET(config.shm_size, parse_size(shm_size, what));
    if (config.shm_size < 0) return fail(Code::kInvalid, what + " " + shm_size + ": must not be negative");
  }
  if (const std::string& size = creation.options.shm_size_systemd; !size.empty()) {
    TRY_SET(config.shm_size_systemd, parse_size(size, "--shm-size-systemd"));
    if (config.shm_size_systemd < 0) return fail(Code::kInvalid, "--shm-size-systemd " + size + ": must not be negative");
  }
  return {};
}

}  // namespace creel::engine
