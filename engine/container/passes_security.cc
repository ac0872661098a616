// User namespace, capabilities, seccomp and the other --security-opt, resource limits.
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/passes.h"
#include "engine/runtime/compile.h"

namespace creel::engine {

Result<KeepId> parse_keep_id(const std::string& userns) {
  KeepId out;
  const Cut mode = cut(userns, ':');
  if (!mode.found) return out;
  for (const std::string& option : split(mode.after, ',')) {
    const Cut pair = cut(option, '=');
    if (pair.before != "uid" && pair.before != "gid") {
      return fail(Code::kInvalid, "unknown option specified: \"" + pair.before + "\" for --userns keep-id");
    }
    TRY_SET(std::int64_t id, parse_int(pair.after, "--userns keep-id " + pair.before));
    if (id < 0 || id > 0x7fffffff)
      return fail(Code::kInvalid, "--userns keep-id: " + option + ": not a user or group ID");
    (pair.before == "uid" ? out.uid : out.gid) = static_cast<std::uint32_t>(id);
  }
  return out;
}

Result<void> pass_userns(Creation& creation) {
  const std::string& given = creation.options.userns;
  ContainerConfig& config = creation.config;
  const Cut mode = cut(given, ':');
  if (given.empty() || given == "host") {
    config.userns = given;
  } else if (mode.before == "keep-id" || given == "nomap") {
    if (!creation.engine.rootless()) {
      return fail(Code::kInvalid, mode.before + " is only supported in rootless mode");
    }
    TRY(parse_keep_id(given));
    config.userns = given;
    if (config.network.rfind("container:", 0) == 0) {
      return fail(Code::kUnsupported,
                  "--userns " + mode.before + " together with --network container:NAME is not built yet");
    }
  } else if (mode.before == "auto" || mode.before == "private" || mode.before == "ns" || mode.before == "container") {
    return fail(Code::kUnsupported, "--userns " + mode.before + " is not built yet")
        .with_hint("Built: host, keep-id and nomap.");
  } else {
    return fail(Code::kInvalid, "unrecognized namespace mode " + given + " passed");
  }
  return {};
}

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
      // Creel sets no SELinux labels, so that this is how it is already; any other label would be a promise not kept.
      if (value != "disable") return fail(Code::kUnsupported, "--security-opt label=" + value + " is not built yet");
    } else if (key == "apparmor") {
      if (value != "unconfined")
        return fail(Code::kUnsupported, "--security-opt apparmor=" + value + " is not built yet");
    } else if (key == "mask" || key == "unmask" || key == "proc-opts") {
      return fail(Code::kUnsupported, "--security-opt " + key + " is not built yet");
    } else {
      return fail(Code::kInvalid, "invalid --security-opt 2: \"" + option + "\"");
    }
    config.security_opt.push_back(option);
  }
  return {};
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
  return {};
}

}  // namespace creel::engine
