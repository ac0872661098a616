#include "engine/runtime/compile.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "engine/runtime/compile_devices.h"
#include "engine/runtime/compile_namespaces.h"
#include "engine/runtime/compile_scheduling.h"
#include "engine/runtime/mount_options.h"
#include "engine/runtime/sysctl.h"

namespace creel::engine::runtime {

namespace {

// As crun(1) has it.
constexpr const char* kKeepGroups = "run.oci.keep_original_groups";

Result<void> compile_root(const Spec& spec, Plan& plan) {
  plan.root_readonly = spec.root_readonly;
  if (!spec.rootfs_propagation.empty()) {
    plan.root_propagation = propagation_of(spec.rootfs_propagation);
    if (plan.root_propagation == 0) {
      return fail(Code::kInvalid, "\"" + spec.rootfs_propagation + "\": unknown propagation of the root file system");
    }
  }
  if (spec.root_path.empty() != spec.overlay.has_value()) {
    return fail(Code::kInvalid, "the root file system is either a directory or an overlay");
  }
  plan.rootfs = spec.root_path;
  plan.mount_label = spec.mount_label;
  if (!spec.overlay) return {};
  if (spec.overlay->upper.empty() != spec.overlay->work.empty()) {
    return fail(Code::kInvalid, "an overlay has both an upper and a work directory, or neither");
  }
  plan.lower = spec.overlay->lower;
  plan.upper = spec.overlay->upper;
  plan.work = spec.overlay->work;
  plan.overlay_user_xattr = spec.overlay->user_xattr;
  plan.overlay_discarded = spec.overlay->discarded;
  plan.overlay_fuse = spec.overlay->fuse;
  plan.fuse_overlayfs = spec.overlay->fuse_program;
  return {};
}

void add_paths(const std::vector<std::string>& paths, MountStep::Kind kind, Plan& plan) {
  for (const std::string& path : paths) {
    MountStep step;
    step.kind = kind;
    step.destination = path;
    plan.mounts.push_back(std::move(step));
  }
}

// A static init in front of the command: reaps what is left to it and passes signals on.
Result<void> add_init(const Spec& spec, Plan& plan) {
  if (spec.init_path.empty()) return {};
  TRY_SET(MountStep step, compile_mount({kInitPath, "bind", spec.init_path, {"bind", "private", "ro"}}));
  plan.mounts.push_back(std::move(step));
  plan.process.args.insert(plan.process.args.begin(), {kInitPath, "--"});
  return {};
}

bool is_cgroup_v1_host() {
  struct statfs info {};
  return statfs("/sys/fs/cgroup", &info) == 0 && static_cast<long>(info.f_type) != CGROUP2_SUPER_MAGIC;
}

Result<void> compile_mounts(const Spec& spec, bool in_userns, Plan& plan) {
  plan.mounts.reserve(spec.mounts.size() + spec.devices.size() + spec.masked_paths.size() + spec.readonly_paths.size() +
                      16);
  for (const Mount& mount : spec.mounts) {
    TRY_SET(MountStep step, compile_mount(mount));
    // An ordinary user has nothing to say in the v1 hierarchies, and gets the unified one as ever.
    if (mount.type == "cgroup" && !in_userns && is_cgroup_v1_host()) step.kind = MountStep::Kind::kCgroupV1;
    plan.mounts.push_back(std::move(step));
  }
  for (const MemoryFile& file : spec.memory_files) {
    MountStep step;
    step.kind = MountStep::Kind::kMemoryFile;
    step.destination = file.destination;
    step.data = file.content;
    step.mode = file.mode;
    step.uid = file.uid;
    step.gid = file.gid;
    plan.mounts.push_back(std::move(step));
  }
  TRY(compile_devices(spec, in_userns, plan));
  TRY(add_init(spec, plan));
  add_paths(spec.masked_paths, MountStep::Kind::kMask, plan);
  add_paths(spec.readonly_paths, MountStep::Kind::kReadonly, plan);
  return {};
}

Result<void> compile_sysctls(const Spec& spec, Plan& plan) {
  if (spec.sysctl.empty()) return {};
  const SysctlScope scope{has_other_namespace(spec, NamespaceType::kNetwork), has_other_namespace(spec, NamespaceType::kIpc),
                          has_other_namespace(spec, NamespaceType::kUts)};
  for (const auto& [key, value] : spec.sysctl) {
    TRY_SET(auto entry, compile_sysctl(key, value, scope));
    plan.sysctl.push_back(std::move(entry));
  }
  return {};
}

Result<void> add_hooks(const std::vector<Hook>& hooks, std::vector<HookStep>& to) {
  for (const Hook& hook : hooks) {
    if (hook.path.empty() || hook.path[0] != '/') {
      return fail(Code::kInvalid, "hook \"" + hook.path + "\": an absolute path is expected");
    }
    if (hook.timeout_s < 0) return fail(Code::kInvalid, "hook " + hook.path + ": its time-out must be greater than zero");
    to.push_back({hook.path, hook.args, hook.env, static_cast<std::uint32_t>(hook.timeout_s)});
  }
  return {};
}

Result<void> compile_hooks(const Spec& spec, Plan& plan) {
  TRY(add_hooks(spec.prestart, plan.create_runtime));
  TRY(add_hooks(spec.create_runtime, plan.create_runtime));
  TRY(add_hooks(spec.create_container, plan.create_container));
  TRY(add_hooks(spec.start_container, plan.start_container));
  TRY(add_hooks(spec.poststart, plan.poststart));
  return add_hooks(spec.poststop, plan.poststop);
}

}  // namespace

Result<Plan> compile(const Spec& spec, bool in_userns) {
  Plan plan;
  const bool no_devices = in_userns || find_namespace(spec, NamespaceType::kUser) != nullptr;
  TRY_SET(plan.process, compile_process(spec.process, spec.seccomp));
  const auto keep = spec.annotations.find(kKeepGroups);
  plan.process.keep_groups = keep != spec.annotations.end() && keep->second == "1";
  if (spec.personality) TRY(compile_personality(*spec.personality, plan.process));
  TRY(compile_namespaces(spec, plan));
  TRY(compile_root(spec, plan));
  TRY(compile_mounts(spec, no_devices, plan));
  TRY(compile_sysctls(spec, plan));
  TRY(compile_hooks(spec, plan));
  return plan;
}

}  // namespace creel::engine::runtime
