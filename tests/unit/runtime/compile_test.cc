#include "engine/runtime/compile.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <functional>

using namespace creel;
using namespace creel::engine::runtime;

namespace {

Spec small_spec() {
  Spec spec;
  spec.process.args = {"/bin/true"};
  spec.root_path = "/srv/root";
  spec.namespaces = {{NamespaceType::kMount, {}}, {NamespaceType::kPid, {}}, {NamespaceType::kUts, {}}};
  spec.mounts = {{"/proc", "proc", "proc", {"nosuid"}}, {"/dev", "tmpfs", "tmpfs", {"nosuid"}}};
  return spec;
}

Plan good(const Spec& spec, bool in_userns = true) {
  auto plan = compile(spec, in_userns);
  REQUIRE_MESSAGE(plan.ok(), (plan.ok() ? "" : plan.error().text));
  return *plan;
}

Error refused(const std::function<void(Spec&)>& change) {
  Spec spec = small_spec();
  change(spec);
  auto plan = compile(spec, true);
  REQUIRE(!plan.ok());
  return plan.error();
}

const MountStep* step_at(const Plan& plan, const std::string& destination) {
  auto found = std::find_if(plan.mounts.begin(), plan.mounts.end(),
                            [&](const MountStep& step) { return step.destination == destination; });
  return found == plan.mounts.end() ? nullptr : &*found;
}

std::ptrdiff_t position(const Plan& plan, const std::string& destination) {
  const MountStep* step = step_at(plan, destination);
  return step == nullptr ? -1 : step - plan.mounts.data();
}

}  // namespace

TEST_CASE("the order: the spec's mounts, devices, init, masked, read-only") {
  Spec spec = small_spec();
  spec.masked_paths = default_masked_paths();
  spec.readonly_paths = default_readonly_paths();
  spec.init_path = "/usr/libexec/init";
  const Plan plan = good(spec);
  CHECK(position(plan, "/proc") == 0);
  CHECK(position(plan, "/dev") == 1);
  CHECK(position(plan, "/dev/null") > position(plan, "/dev"));
  CHECK(position(plan, "/run/podman-init") > position(plan, "/dev/ptmx"));
  CHECK(position(plan, "/proc/kcore") > position(plan, "/run/podman-init"));
  CHECK(position(plan, "/proc/sys") > position(plan, "/sys/firmware"));
  CHECK(step_at(plan, "/proc/kcore")->kind == MountStep::Kind::kMask);
  CHECK(step_at(plan, "/proc/sys")->kind == MountStep::Kind::kReadonly);
  CHECK(plan.process.args == std::vector<std::string>{"/run/podman-init", "--", "/bin/true"});
  CHECK(step_at(plan, "/run/podman-init")->source == "/usr/libexec/init");
}

TEST_CASE("default devices: bound in a user namespace, made by real root") {
  const Plan bound = good(small_spec(), true);
  const Plan made = good(small_spec(), false);
  for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}) {
    REQUIRE(step_at(bound, path) != nullptr);
    CHECK(step_at(bound, path)->kind == MountStep::Kind::kDevice);
    CHECK(step_at(bound, path)->source == path);
    CHECK(step_at(made, path)->source.empty());
    CHECK(step_at(made, path)->mode == (S_IFCHR | 0666));
  }
  CHECK(step_at(made, "/dev/null")->device == makedev(1, 3));
  CHECK(step_at(made, "/dev/tty")->device == makedev(5, 0));
  CHECK(step_at(made, "/dev/ptmx")->source == "pts/ptmx");
  CHECK(step_at(made, "/dev/fd")->source == "/proc/self/fd");
  CHECK(step_at(made, "/dev/stderr")->source == "/proc/self/fd/2");
  CHECK(step_at(made, "/dev/core")->kind == MountStep::Kind::kSymlink);
}

TEST_CASE("what the user mounts in /dev is left alone") {
  Spec spec = small_spec();
  spec.mounts.push_back({"/dev/null", "bind", "/srv/null", {"bind"}});
  CHECK(step_at(good(spec), "/dev/null")->kind == MountStep::Kind::kBind);
  CHECK(good(spec).mounts.back().destination != "/dev/null");
  spec.mounts = {{"/dev", "bind", "/dev", {"rbind"}}};
  CHECK(good(spec).mounts.size() == 1);
}

TEST_CASE("devices of the spec") {
  Spec spec = small_spec();
  spec.devices = {{"/dev/loop7", 'b', 7, 7, 0660, 6, 7}, {"/dev/fifo", 'p', 0, 0, 0600, 0, 0}};
  const Plan made = good(spec, false);
  CHECK(step_at(made, "/dev/loop7")->mode == (S_IFBLK | 0660));
  CHECK(step_at(made, "/dev/loop7")->device == makedev(7, 7));
  CHECK(step_at(made, "/dev/loop7")->uid == 6);
  CHECK(step_at(made, "/dev/loop7")->gid == 7);
  // Bound, from where the host has it, whatever the container calls it.
  spec.devices = {{"/dev/nothing", 'c', 1, 3, 0660, 0, 0}, {"/dev/fifo", 'p', 0, 0, 0600, 0, 0}};
  const Plan bound = good(spec, true);
  CHECK(step_at(bound, "/dev/nothing")->source == "/dev/null");
  CHECK(step_at(bound, "/dev/fifo")->source.empty());
  CHECK(refused([](Spec& s) { s.devices = {{"/dev/x", 'c', 4000, 4000, 0666, 0, 0}}; }).code == Code::kNotFound);
  CHECK(refused([](Spec& s) { s.devices = {{"/dev/x", 'q', 1, 1, 0666, 0, 0}}; }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) { s.devices = {{"x", 'c', 1, 1, 0666, 0, 0}}; }).code == Code::kInvalid);
}

TEST_CASE("the root file system") {
  Spec spec = small_spec();
  spec.root_path.clear();
  spec.overlay = Overlay{{"/l2", "/l1"}, "/u", "/w", false, true, true, "/opt/fuse-overlayfs"};
  spec.root_readonly = true;
  spec.rootfs_propagation = "rslave";
  const Plan plan = good(spec);
  CHECK(plan.lower == std::vector<std::string>{"/l2", "/l1"});
  CHECK(plan.upper == "/u");
  CHECK(plan.work == "/w");
  CHECK(!plan.overlay_user_xattr);
  CHECK(plan.overlay_discarded);
  CHECK(plan.overlay_fuse);
  CHECK(plan.fuse_overlayfs == "/opt/fuse-overlayfs");
  CHECK(plan.root_readonly);
  CHECK(plan.root_propagation != 0);
  CHECK(refused([](Spec& s) { s.overlay = Overlay{}; }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) { s.root_path.clear(); }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) { s.rootfs_propagation = "sideways"; }).text.find("sideways") != std::string::npos);
}

TEST_CASE("namespaces and ID maps") {
  Spec spec = small_spec();
  spec.namespaces.push_back({NamespaceType::kNetwork, "/proc/7/ns/net"});
  spec.namespaces.push_back({NamespaceType::kUser, {}});
  spec.uid_mappings = {{0, 1, 1000}, {1000, 0, 1}};
  spec.gid_mappings = {{0, 1, 65535}};
  spec.hostname = "box";
  const Plan plan = good(spec);
  REQUIRE(plan.namespaces.size() == 5);
  CHECK(plan.namespaces[0].clone_flag == CLONE_NEWUSER);
  CHECK(plan.namespaces[1].clone_flag == CLONE_NEWNET);
  CHECK(plan.namespaces[1].path == "/proc/7/ns/net");
  REQUIRE(plan.uid_map.size() == 2);
  CHECK(plan.uid_map[1].inside == 1000);
  CHECK(plan.uid_map[1].outside == 0);
  CHECK(plan.hostname == "box");

  CHECK(refused([](Spec& s) { s.namespaces.push_back({NamespaceType::kPid, {}}); }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) { s.namespaces.push_back({NamespaceType::kIpc, "relative"}); }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) { s.namespaces[0].type = NamespaceType::kIpc; }).text.find("mount namespace") != std::string::npos);
  CHECK(refused([](Spec& s) { s.namespaces.push_back({NamespaceType::kUser, {}}); }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) { s.uid_mappings = {{0, 1, 1}}; }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) {
          s.namespaces.push_back({NamespaceType::kUser, {}});
          s.uid_mappings = s.gid_mappings = {{4294967295u, 1, 2}};
        }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) {
          s.namespaces.pop_back();
          s.hostname = "box";
        }).code == Code::kInvalid);
}

TEST_CASE("sysctl: only what the container has for itself") {
  Spec spec = small_spec();
  spec.namespaces.push_back({NamespaceType::kNetwork, {}});
  spec.namespaces.push_back({NamespaceType::kIpc, {}});
  spec.sysctl = {{"net/ipv4/ip_forward", "1"}, {"kernel.shmmax", "5"}, {"fs.mqueue.msg_max", "9"}};
  const Plan plan = good(spec);
  REQUIRE(plan.sysctl.size() == 3);
  CHECK(std::count(plan.sysctl.begin(), plan.sysctl.end(),
                   std::pair<std::string, std::string>("net/ipv4/ip_forward", "1")) == 1);
  for (const char* key :
       {"kernel.panic", "net.ipv4.ip_forward", "kernel.shmmax", "net/../kernel", "net..x", "", ".net", "vm"}) {
    CHECK_MESSAGE(!refused([&](Spec& s) { s.sysctl = {{key, "1"}}; }).text.empty(), key);
  }
}

TEST_CASE("the process") {
  Process process;
  process.args = {"sh"};
  process.env = {"A=1"};
  process.cwd = "/work";
  process.create_cwd = true;
  process.user.name = "postgres";
  process.user.umask = 027;
  process.capabilities.bounding = {"CAP_CHOWN", "CAP_KILL"};
  process.capabilities.effective = {"CAP_KILL"};
  process.rlimits = {{"RLIMIT_NOFILE", 100, RLIM_INFINITY}};
  process.no_new_privileges = true;
  process.oom_score_adj = -5;
  process.terminal = true;
  process.rows = 24;
  auto plan = compile_process(process, {});
  REQUIRE(plan.ok());
  CHECK(plan->cwd == "/work");
  CHECK(plan->create_cwd);
  CHECK(plan->user.name == "postgres");
  CHECK(plan->umask == 027);
  CHECK(plan->cap_bounding == 0x21);
  CHECK(plan->cap_effective == 0x20);
  CHECK(plan->cap_ambient == 0);
  REQUIRE(plan->rlimits.size() == 1);
  CHECK(plan->rlimits[0].resource == RLIMIT_NOFILE);
  CHECK(plan->rlimits[0].hard == RLIM_INFINITY);
  CHECK(plan->no_new_privileges);
  CHECK(plan->set_oom_score_adj);
  CHECK(plan->oom_score_adj == -5);
  CHECK(plan->terminal);
  CHECK(plan->rows == 24);
  CHECK(!plan->seccomp.empty());
  CHECK(compile_process(process, {SeccompKind::kUnconfined, {}}).value().seccomp.empty());

  process.rlimits = {{"RLIMIT_FILES", 1, 1}};
  CHECK(compile_process(process, {}).error().text == "\"RLIMIT_FILES\": unknown resource limit");
  process.rlimits = {{"RLIMIT_CPU", 2, 1}};
  CHECK(!compile_process(process, {}).ok());
  process.rlimits.clear();
  process.capabilities.ambient = {"CAP_FLY"};
  CHECK(!compile_process(process, {}).ok());
  process.capabilities.ambient.clear();
  process.cwd = "work";
  CHECK(!compile_process(process, {}).ok());
}

TEST_CASE("what a plan cannot say is refused") {
  CHECK(refused([](Spec& s) { s.poststop.push_back({"bin/true", {}, {}, 0}); }).code == Code::kInvalid);
  CHECK(refused([](Spec& s) { s.mounts.push_back({"/x", "bind", "/y", {"nope"}}); }).code == Code::kInvalid);
}

TEST_CASE("sysctl: both ways of writing a name, with a dot in it") {
  Spec spec = small_spec();
  spec.namespaces.push_back({NamespaceType::kNetwork, {}});
  spec.sysctl = {{"net.ipv4.conf.eth0/7.forwarding", "1"}, {"net/ipv6/conf/eth0.7/forwarding", "1"}, {"kernel.domainname", "d"}};
  const Plan plan = good(spec);
  std::vector<std::string> names;
  for (const auto& [name, value] : plan.sysctl) names.push_back(name);
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"kernel/domainname", "net/ipv4/conf/eth0.7/forwarding", "net/ipv6/conf/eth0.7/forwarding"});
}

TEST_CASE("namespaces of others and clocks") {
  Spec spec = small_spec();
  spec.namespaces[1].path = "/proc/7/ns/pid";
  spec.namespaces.push_back({NamespaceType::kUser, "/proc/7/ns/user"});
  spec.namespaces.push_back({NamespaceType::kTime, {}});
  spec.time_offsets = {{"monotonic", {100, 5}}, {"boottime", {-7, 0}}};
  const Plan plan = good(spec);
  CHECK(plan.namespaces.front().path == "/proc/7/ns/user");
  CHECK(plan.namespaces.back().clone_flag == CLONE_NEWNS);
  CHECK(plan.time_offsets == "boottime -7 0\nmonotonic 100 5\n");
  CHECK(plan.uid_map.empty());
  CHECK(refused([](Spec& s) { s.time_offsets = {{"monotonic", {1, 0}}}; }).code == Code::kInvalid);
  // A path to the caller's own is not the container's own.
  CHECK(refused([](Spec& s) {
          s.namespaces.push_back({NamespaceType::kNetwork, "/proc/self/ns/net"});
          s.sysctl = {{"net.ipv4.ip_forward", "1"}};
        }).text.find("network namespace of its own") != std::string::npos);
}

TEST_CASE("hooks: prestart is the older name of createRuntime") {
  Spec spec = small_spec();
  spec.prestart = {{"/bin/a", {}, {}, 0}};
  spec.create_runtime = {{"/bin/b", {"b", "x"}, {"K=V"}, 3}};
  spec.create_container = {{"/bin/c", {}, {}, 0}};
  spec.start_container = {{"/bin/d", {}, {}, 0}};
  spec.poststart = {{"/bin/e", {}, {}, 0}};
  spec.poststop = {{"/bin/f", {}, {}, 0}};
  const Plan plan = good(spec);
  REQUIRE(plan.create_runtime.size() == 2);
  CHECK(plan.create_runtime[0].path == "/bin/a");
  CHECK(plan.create_runtime[1].env == std::vector<std::string>{"K=V"});
  CHECK(plan.create_runtime[1].timeout_s == 3);
  CHECK(plan.create_container.at(0).path == "/bin/c");
  CHECK(plan.start_container.at(0).path == "/bin/d");
  CHECK(plan.poststart.at(0).path == "/bin/e");
  CHECK(plan.poststop.at(0).path == "/bin/f");
}

TEST_CASE("scheduling") {
  Process process;
  process.args = {"sh"};
  process.scheduler = Scheduler{"SCHED_BATCH", 5, 0, {"SCHED_FLAG_RESET_ON_FORK"}, 0, 0, 0};
  process.io_priority = IoPriority{"IOPRIO_CLASS_BE", 6};
  process.exec_cpu_affinity = {"0-3,7", "64"};
  auto plan = compile_process(process, {});
  REQUIRE(plan.ok());
  CHECK(plan->set_scheduler);
  CHECK(plan->sched_policy == 3);
  CHECK(plan->sched_nice == 5);
  CHECK(plan->sched_flags == 1);
  CHECK(plan->io_priority == (2 << 13 | 6));
  REQUIRE(plan->cpus_initial.size() == 8);
  CHECK(static_cast<unsigned char>(plan->cpus_initial[0]) == 0x8f);
  REQUIRE(plan->cpus_final.size() == 16);
  CHECK(plan->cpus_final[8] == 1);
  const auto wrong = [&](auto change) {
    Process other = process;
    change(other);
    auto compiled = compile_process(other, {});
    return !compiled.ok() && compiled.error().code == Code::kInvalid;
  };
  CHECK(wrong([](Process& p) { p.scheduler->policy = "SCHED_FAST"; }));
  CHECK(wrong([](Process& p) { p.scheduler->nice = 20; }));
  CHECK(wrong([](Process& p) { p.scheduler->flags = {"X"}; }));
  CHECK(wrong([](Process& p) { p.io_priority->priority = 8; }));
  CHECK(wrong([](Process& p) { p.exec_cpu_affinity.initial = "3-1"; }));
  CHECK(wrong([](Process& p) { p.exec_cpu_affinity.final = "a"; }));
  CHECK(wrong([](Process& p) { p.oom_score_adj = 2000; }));
}

TEST_CASE("personality and kept groups") {
  Spec spec = small_spec();
  spec.personality = Personality{"LINUX32", {}};
  spec.annotations["run.oci.keep_original_groups"] = "1";
  const Plan plan = good(spec);
  CHECK(plan.process.set_personality);
  CHECK(plan.process.personality == 8);
  CHECK(plan.process.keep_groups);
  CHECK(refused([](Spec& s) { s.personality = Personality{"BSD", {}}; }).code == Code::kInvalid);
}

TEST_CASE("who owns the container's control group") {
  Spec spec;
  spec.namespaces = {{NamespaceType::kCgroup, {}}};
  spec.mounts = {{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "rw"}}};
  spec.process.user.uid = 7;
  CHECK(cgroup_owner(spec) == 7u);
  spec.uid_mappings = {{0, 1000, 1}, {1, 100000, 1000}};
  CHECK(cgroup_owner(spec) == 100006u);
  spec.process.user.uid = 0;
  CHECK(cgroup_owner(spec) == 1000u);
  spec.process.user.uid = 5000;  // nobody outside
  CHECK_FALSE(cgroup_owner(spec));
  spec.process.user.uid = 0;
  spec.mounts[0].options = {"rw", "ro"};
  CHECK_FALSE(cgroup_owner(spec));
  spec.mounts[0].options = {};
  CHECK(cgroup_owner(spec));
  spec.mounts[0].type = "tmpfs";
  CHECK_FALSE(cgroup_owner(spec));
  spec.mounts[0].type = "cgroup2";
  spec.namespaces = {{NamespaceType::kCgroup, "/proc/1/ns/cgroup"}};
  CHECK_FALSE(cgroup_owner(spec));
  spec.namespaces.clear();
  CHECK_FALSE(cgroup_owner(spec));
}
