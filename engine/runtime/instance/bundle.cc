#include "engine/runtime/instance/bundle.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/child/descriptors.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/instance/host.h"
#include "engine/runtime/instance/record.h"
#include "engine/runtime/spec_json.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kMaxConfig = 32 << 20;
constexpr const char* kNotifyDir = "/run/notify";

Result<std::string> absolute(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return errno_error("bundle " + path);
  std::string out = resolved;
  std::free(resolved);
  return out;
}

bool has_option(const Mount& mount, std::string_view option) {
  return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
}

bool has_user_namespace(const Spec& spec) {
  return std::any_of(spec.namespaces.begin(), spec.namespaces.end(),
                     [](const Namespace& one) { return one.type == NamespaceType::kUser; });
}

// sd_notify(3): the container reports to who supervises us. Its socket is the caller's, at a place of our own.
void pass_notify_socket(Spec& spec) {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr || socket[0] != '/') return;
  const std::string inside = std::string(kNotifyDir) + "/notify.sock";
  Mount mount;
  mount.destination = inside;
  mount.type = "bind";
  mount.source = socket;
  mount.options = {"bind", "nosuid", "nodev", "noexec"};
  spec.mounts.push_back(std::move(mount));
  std::erase_if(spec.process.env, [](const std::string& item) { return item.starts_with("NOTIFY_SOCKET="); });
  spec.process.env.push_back("NOTIFY_SOCKET=" + inside);
}

// sd_listen_fds(3). LISTEN_PID is known only to the process itself.
Result<int> listen_fds(Spec& spec) {
  const char* text = std::getenv("LISTEN_FDS");
  if (text == nullptr || text[0] == '\0') return 0;
  TRY_SET(const std::int64_t count, parse_int(text, "LISTEN_FDS"));
  if (count < 0 || count > 4096)
    return fail(Code::kInvalid, std::string("LISTEN_FDS=") + text + ": not a number of descriptors");
  spec.process.env.push_back(std::string("LISTEN_FDS=") + text);
  if (const char* names = std::getenv("LISTEN_FDNAMES"))
    spec.process.env.push_back(std::string("LISTEN_FDNAMES=") + names);
  return static_cast<int>(count);
}

// containerd's ctr asks for the weight that a group has anyway. Where there is no such controller, that is no limit which
// could be missed.
void forget_default_weight(Resources& resources) {
  constexpr std::uint64_t kDefaultShares = 1024;
  if (resources.cpu_shares != kDefaultShares) return;
  const std::vector<std::string> offered = cgroup_host(geteuid(), {}).controllers;
  if (std::find(offered.begin(), offered.end(), "cpu") == offered.end()) resources.cpu_shares.reset();
}

bool has_hooks(const Plan& plan) {
  return !plan.create_runtime.empty() || !plan.create_container.empty() || !plan.start_container.empty() ||
         !plan.poststart.empty() || !plan.poststop.empty();
}

// The placeholders are replaced when a hook runs: the process does not exist yet.
std::string hook_state(const BundleOptions& options, const Bundle& bundle) {
  const auto quoted = [](const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::string out = std::string("{\"ociVersion\":\"") + kOciVersion + "\",\"id\":" + quoted(options.id) +
                    ",\"status\":\"@STATUS@\",\"pid\":@PID@,\"bundle\":" + quoted(bundle.path);
  if (!bundle.annotations.empty()) {
    out += ",\"annotations\":" +
           nlohmann::json(bundle.annotations).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return out + "}";
}

}  // namespace

Result<Bundle> load_bundle(const BundleOptions& options) {
  Bundle out;
  TRY_SET(out.path, absolute(options.bundle.empty() ? "." : options.bundle));
  const std::string config = options.config.empty() ? "config.json" : options.config;
  TRY_SET(const std::string text, read_file(config[0] == '/' ? config : out.path + "/" + config, kMaxConfig));
  TRY_SET(Spec spec, spec_from_json(text));
  if (geteuid() != 0 && !has_user_namespace(spec)) {
    return fail(Code::kInvalid, "config.json: linux.namespaces: an ordinary user's container needs a user namespace")
        .with_hint("creel-runtime spec --rootless writes a config.json that has one");
  }
  // config.md: relative paths are beneath the bundle.
  if (spec.root_path.empty()) return fail(Code::kInvalid, "config.json: root.path: missing");
  if (spec.root_path[0] != '/') spec.root_path = out.path + "/" + spec.root_path;
  for (Mount& mount : spec.mounts) {
    if (mount.source.empty() || mount.source[0] == '/') continue;
    if (mount.type == "bind" || has_option(mount, "bind") || has_option(mount, "rbind")) {
      mount.source = out.path + "/" + mount.source;
    }
  }
  pass_notify_socket(spec);
  TRY_SET(const int sockets, listen_fds(spec));
  TRY_SET(spec.process.preserve_fds, inherited_descriptors(options.preserve_fds + sockets));

  const bool in_userns = has_user_namespace(spec) || !in_initial_user_namespace();
  TRY_SET(out.plan, compile(spec, in_userns));
  TRY_SET(out.plan.cgroup, parse_cgroups_path(spec.cgroups_path, options.id, options.systemd_cgroup));
  forget_default_weight(spec.resources);
  out.plan.cgroup.resources = spec.resources;
  // Where nothing is said about devices a container of root has the default ones, not the host's disks.
  auto& rules = out.plan.cgroup.resources.devices;
  if (rules.empty()) rules.push_back({false, 'a', {}, {}, "rwm"});
  out.plan.cgroup.required = spec.resources.any_limit();
  // An ordinary user has nobody else's ID to give it to.
  if (geteuid() == 0) out.plan.cgroup.owner = cgroup_owner(spec);
  out.plan.no_pivot = options.no_pivot;
  out.plan.new_keyring = !options.no_new_keyring;
  out.rootfs = spec.root_path;
  out.annotations = std::move(spec.annotations);
  const bool listener = !out.plan.process.seccomp_listener_path.empty();
  if (has_hooks(out.plan) || listener) out.plan.hook_state = hook_state(options, out);
  return out;
}

}  // namespace creel::engine::runtime
