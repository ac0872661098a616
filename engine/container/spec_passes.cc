#include "engine/container/spec_passes.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "engine/container/passes.h"
#include "engine/container/user_files.h"
#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"
#include "engine/secret/use.h"

namespace creel::engine {

namespace {

using runtime::Spec;

std::string rlimit_type(const std::string& name) {
  std::string out = name.rfind("RLIMIT_", 0) == 0 ? name : "RLIMIT_" + name;
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

Result<void> pass_rlimits(const ContainerConfig& config, runtime::Process& process) {
  // As many open files and processes as this user may have, not the small soft limit of a shell.
  rlimit limit{};
  if (std::find(config.ulimits.begin(), config.ulimits.end(), "host") == config.ulimits.end()) {
    for (const auto& [resource, type] :
         {std::pair{RLIMIT_NOFILE, "RLIMIT_NOFILE"}, std::pair{RLIMIT_NPROC, "RLIMIT_NPROC"}}) {
      if (getrlimit(resource, &limit) != 0) continue;
      const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, 1048576);
      process.rlimits.push_back({type, wanted, wanted});
    }
  }
  for (const std::string& text : config.ulimits) {
    if (text == "host") continue;
    const Cut pair = cut(text, '=');
    const Cut limits = cut(pair.after, ':');
    TRY_SET(std::int64_t soft, parse_int(limits.before, "ulimit"));
    std::int64_t hard = soft;
    if (limits.found) {
      TRY_SET(hard, parse_int(limits.after, "ulimit"));
    }
    runtime::Rlimit entry{rlimit_type(pair.before), soft < 0 ? RLIM_INFINITY : static_cast<std::uint64_t>(soft),
                          hard < 0 ? RLIM_INFINITY : static_cast<std::uint64_t>(hard)};
    std::erase_if(process.rlimits, [&](const runtime::Rlimit& old) { return old.type == entry.type; });
    process.rlimits.push_back(std::move(entry));
  }
  return {};
}

bool says_all(const std::vector<std::string>& capabilities) {
  return std::any_of(capabilities.begin(), capabilities.end(),
                     [](const std::string& name) { return name == "ALL" || name == "all"; });
}

}  // namespace

std::vector<std::string> every_capability() {
  std::vector<std::string> out = runtime::all_capabilities();
  // Root of a container or of a confined service may lack some, and cannot give what it has not; a user namespace has all.
  if (geteuid() == 0) {
    std::erase_if(out, [](const std::string& name) {
      return prctl(PR_CAPBSET_READ, runtime::capability_number(name), 0, 0, 0) == 0;
    });
  }
  return out;
}

bool is_root_user(const std::string& user) {
  const std::string name = user.substr(0, user.find(':'));
  return name.empty() || name == "root" || name.find_first_not_of('0') == std::string::npos;
}

runtime::Seccomp make_seccomp(const ContainerConfig& config) {
  if (config.seccomp.empty() && config.privileged) return {runtime::SeccompKind::kUnconfined, {}};
  if (config.seccomp.empty()) return {};
  if (config.seccomp == "unconfined") return {runtime::SeccompKind::kUnconfined, {}};
  return {runtime::SeccompKind::kProfile, config.seccomp};
}

Result<runtime::Process> make_process(const ContainerConfig& config, const std::string& user) {
  runtime::Process process;
  process.terminal = config.tty;
  process.user.name = user;
  process.user.umask = config.umask;
  process.env = config.env;
  process.cwd = config.workdir;
  process.no_new_privileges = config.no_new_privileges;
  process.oom_score_adj = config.oom_score_adj;
  process.apparmor_profile = config.apparmor == "unconfined" ? std::string() : config.apparmor;
  process.selinux_label = config.selinux_label;
  std::vector<std::string> add = config.cap_add;
  if (config.privileged && !says_all(config.cap_drop)) {
    const std::vector<std::string> every = every_capability();
    add.insert(add.end(), every.begin(), every.end());
  }
  TRY_SET(std::vector<std::string> granted, runtime::capability_set(add, config.cap_drop));
  process.capabilities.bounding = granted;
  if (is_root_user(user)) {
    process.capabilities.effective = granted;
    process.capabilities.permitted = granted;
  } else if (!config.cap_add.empty()) {
    // Another user has what was added by name, and keeps it over exec.
    const bool all = says_all(config.cap_add);
    std::vector<std::string> added;
    for (const std::string& name : granted) {
      const bool asked = std::any_of(config.cap_add.begin(), config.cap_add.end(), [&](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        if (text.rfind("CAP_", 0) != 0) text.insert(0, "CAP_");
        return text == name;
      });
      if (asked || all) added.push_back(name);
    }
    process.capabilities.effective = added;
    process.capabilities.permitted = added;
    process.capabilities.inheritable = added;
    process.capabilities.ambient = added;
  }
  TRY(pass_rlimits(config, process));
  return process;
}

Result<void> add_groups(Engine& engine, const ContainerConfig& config, runtime::Process& process) {
  for (const std::string& group : config.group_add) {
    TRY_SET(const std::uint32_t id, group_id(engine, config, group));
    process.user.additional_gids.push_back(id);
  }
  return {};
}

Result<Spec> make_spec(Engine& engine, const ContainerConfig& config, const SpecContext& context) {
  Spec spec;
  TRY_SET(spec.process, make_process(config, config.user));
  if (!config.secrets.empty()) {
    TRY(add_secret_environment(engine, config.secrets, spec.process.env));
    TRY(add_secret_files(engine, config.secrets, spec));
  }
  spec.process.args = config.entrypoint;
  spec.process.args.insert(spec.process.args.end(), config.command.begin(), config.command.end());
  spec.process.create_cwd = config.create_workdir;
  spec.process.rows = context.rows;
  spec.process.columns = context.columns;
  TRY(add_groups(engine, config, spec.process));
  spec.annotations = config.annotations;
  spec.seccomp = make_seccomp(config);
  spec.mount_label = config.mount_label;
  for (const auto& [key, value] : config.sysctls) spec.sysctl[key] = value;
  if (!config.personality.empty()) spec.personality = runtime::Personality{config.personality, {}};
  if (config.init) spec.init_path = config.init_path;
  pass_spec_namespaces(config, context, spec);
  TRY(pass_spec_user_namespace(config, context, spec));
  // With --uts host it is the host's to set.
  if (config.uts.empty()) {
    spec.hostname = config.hostname;
    spec.domainname = config.domainname;
  }
  pass_spec_root(engine, config, spec);
  TRY(pass_spec_mounts(engine, config, context, spec));
  TRY(pass_spec_devices(engine, config, spec));
  pass_spec_paths(config, spec);
  return spec;
}

}  // namespace creel::engine
