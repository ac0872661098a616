#include "engine/runtime/spec_json.h"

#include <doctest/doctest.h>

#include <string>

#include "rich_spec.h"

using namespace creel;
using namespace creel::engine::runtime;
using creel::tests::mount_of;
using creel::tests::rich_spec;

namespace {

// A document with one member replaced or added.
std::string with(const std::string& member) {
  return R"({"ociVersion": "1.2.0", "root": {"path": "rootfs"}, )" + member + "}";
}
std::string with_process(const std::string& member) {
  return with(R"("process": {"cwd": "/", "args": ["sh"], )" + member + "}");
}
std::string with_linux(const std::string& member) {
  return with(R"("linux": {)" + member + "}");
}
std::string with_resources(const std::string& member) {
  return with_linux(R"("resources": {)" + member + "}");
}

Error refused(const std::string& text) {
  auto spec = spec_from_json(text);
  REQUIRE_MESSAGE(!spec.ok(), text);
  const std::string prefix = "config.json: ";
  REQUIRE(spec.error().text.rfind(prefix, 0) == 0);
  CHECK(spec.error().text.find('\n') == std::string::npos);
  Error error = spec.error();
  error.text.erase(0, prefix.size());
  return error;
}

void check_invalid(const std::string& text, const std::string& why) {
  const Error error = refused(text);
  CHECK(error.text == why);
  CHECK(error.code == Code::kInvalid);
}

void check_unsupported(const std::string& text, const std::string& why) {
  const Error error = refused(text);
  CHECK(error.text == why);
  CHECK(error.code == Code::kUnsupported);
}

Spec good(const std::string& text) {
  auto spec = spec_from_json(text);
  REQUIRE_MESSAGE(spec.ok(), (spec.ok() ? "" : spec.error().text));
  return *spec;
}

std::string written(const Spec& spec) {
  auto text = to_json_text(spec);
  REQUIRE_MESSAGE(text.ok(), (text.ok() ? "" : text.error().text));
  return *text;
}

}  // namespace

TEST_CASE("what is written says the same when it is read") {
  const Spec spec = rich_spec();
  CHECK(good(written(spec)) == spec);
  Spec small;
  small.root_path = "rootfs";
  small.seccomp.kind = SeccompKind::kUnconfined;
  small.resources.devices = {{false, 'a', {}, {}, "rwm"}};
  CHECK(good(written(small)) == small);
}

TEST_CASE("the default seccomp policy is written out") {
  Spec spec;
  spec.root_path = "/srv";
  spec.process.capabilities.bounding = {"CAP_SYS_ADMIN"};
  const Spec read = good(written(spec));
  REQUIRE(read.seccomp.kind == SeccompKind::kProfile);
  CHECK(read.seccomp.profile.find("\"setdomainname\"") != std::string::npos);
  // Written once more it is the same: nothing is left to be resolved.
  CHECK(good(written(read)).seccomp.profile == read.seccomp.profile);
}

TEST_CASE("devices are refused to other runtimes' containers, unless the rules begin otherwise") {
  Spec spec;
  spec.root_path = "/srv";
  spec.resources.devices = {{true, 'c', 10, 229, "rwm"}};
  const Resources read = good(written(spec)).resources;
  REQUIRE(read.devices.size() == 2);
  CHECK(read.devices[0] == DeviceRule{false, 'a', {}, {}, "rwm"});
  spec.resources.devices = {{true, 'a', {}, {}, "rwm"}};
  CHECK(good(written(spec)).resources.devices == spec.resources.devices);
}

TEST_CASE("what only Creel knows is not written") {
  const auto refuses = [](const std::string& why, auto change) {
    Spec spec;
    spec.root_path = "/srv";
    change(spec);
    auto text = to_json_text(spec);
    REQUIRE(!text.ok());
    CHECK(text.error().text == "writing config.json: " + why + " means nothing to other runtimes");
  };
  refuses("an overlay that is still to be mounted", [](Spec& spec) { spec.overlay.emplace(); });
  refuses("an overlay that is still to be mounted", [](Spec& spec) { spec.root_path.clear(); });
  refuses("an init that is still to be put in front", [](Spec& spec) { spec.init_path = "/init"; });
  refuses("the user name \"www\"", [](Spec& spec) { spec.process.user.name = "www"; });
  refuses("the option U of the mount on /a", [](Spec& spec) { spec.mounts = {mount_of("/a", "bind", "/b", {"U"})}; });
  refuses("the copy of the image's content at /a", [](Spec& spec) {
    spec.mounts = {mount_of("/a", "bind", "/b", {})};
    spec.mounts[0].copy_up = true;
  });
}

TEST_CASE("a minimal document") {
  const Spec spec = good(R"({"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "unknown": {"a": 1}, "linux": null})");
  CHECK(spec.root_path == "rootfs");
  CHECK(spec.process.args.empty());
  CHECK(spec.seccomp.kind == SeccompKind::kUnconfined);
}

TEST_CASE("what means nothing to us passes") {
  // As Docker's and containerd's documents have it.
  const Spec spec = good(with_resources(R"("memory": {"limit": 0, "kernel": -1, "kernelTCP": 0, "swappiness": 0,
    "disableOOMKiller": false, "useHierarchy": true}, "cpu": {"shares": 0, "realtimePeriod": 0}, "blockIO": {"weight": 0},
    "network": {"priorities": []}, "rdma": {}, "pids": {"limit": -1}, "devices": [{"allow": true, "type": "", "major": -1}])"));
  Resources expected;
  expected.pids_limit = -1;
  expected.devices = {{true, 'a', {}, {}, ""}};
  CHECK(spec.resources == expected);
  CHECK(good(with_linux(R"("namespaces": [{"type": "network", "path": ""}], "intelRdt": {}, "netDevices": {})"))
            .namespaces[0]
            .path.empty());
  // The type of the file in a device's mode.
  CHECK(good(with_linux(R"("devices": [{"path": "/dev/x", "type": "u", "major": 1, "minor": 2, "fileMode": 8624}])"))
            .devices[0] == Device{"/dev/x", 'c', 1, 2, 0660, 0, 0});
  const Process process = good(with_process(R"("capabilities": {"bounding": ["CAP_CHOWN", "CAP_FROM_2040"]})")).process;
  CHECK(process.capabilities.bounding == std::vector<std::string>{"CAP_CHOWN"});
  CHECK(process.capabilities.unknown == std::vector<std::string>{"CAP_FROM_2040"});
}

TEST_CASE("bad documents: the whole") {
  check_invalid("", "line 1, column 1: not valid JSON");
  check_invalid("{\n  \"ociVersion\": ]", "line 2, column 17: not valid JSON");
  check_invalid("[]", "an object is expected");
  check_invalid(std::string(100000, '['), "nested more than 64 deep");
  check_invalid("{}", "ociVersion: missing");
  check_invalid(R"({"ociVersion": 1, "root": {"path": "a"}})", "ociVersion: a string is expected");
  check_unsupported(R"({"ociVersion": "0.5.0-dev", "root": {"path": "a"}})",
                    "ociVersion: version 1 of the specification is expected, not \"0.5.0-dev\"");
  check_unsupported(R"({"ociVersion": "2.0.0"})",
                    "ociVersion: version 1 of the specification is expected, not \"2.0.0\"");
  check_invalid(R"({"ociVersion": "1.0.0"})", "root: missing");
  check_invalid(R"({"ociVersion": "1.0.0", "root": "rootfs"})", "root: an object is expected");
  check_invalid(R"({"ociVersion": "1.0.0", "root": {}})", "root.path: missing");
  check_invalid(R"({"ociVersion": "1.0.0", "root": {"path": ""}})", "root.path: empty");
  check_invalid(R"({"ociVersion": "1.0.0", "root": {"path": "a\u0000b"}})", "root.path: a string must not contain NUL");
  check_invalid(R"({"ociVersion": "1.0.0", "root": {"path": "a", "readonly": "yes"}})",
                "root.readonly: true or false is expected");
  check_unsupported(with(R"("windows": {})"), "windows: not a container of Linux namespaces");
  check_unsupported(with(R"("solaris": {})"), "solaris: not a container of Linux namespaces");
  check_unsupported(with(R"("vm": {"kernel": {"path": "/k"}})"), "vm: not a container of Linux namespaces");
  check_invalid(with(R"("hostname": 5)"), "hostname: a string is expected");
  check_invalid(with(R"("hostname": "a")"), "hostname: the container has no uts namespace of its own");
  check_invalid(with(R"("domainname": "a")"), "domainname: the container has no uts namespace of its own");
  check_invalid(with(R"("annotations": {"a": 1})"), "annotations.a: a string is expected");
  check_invalid(with(R"("annotations": {"": "a"})"), "annotations: a key is empty");
  check_invalid(with(R"("annotations": {"a\nb": 1})"), "annotations.a?b: a string is expected");
}

TEST_CASE("bad documents: process") {
  check_invalid(with(R"("process": [])"), "process: an object is expected");
  check_invalid(with(R"("process": {"args": ["sh"]})"), "process.cwd: missing");
  check_invalid(with(R"("process": {"args": ["sh"], "cwd": "a"})"),
                "process.cwd: an absolute path is expected, not \"a\"");
  check_invalid(with(R"("process": {"cwd": "/"})"), "process.args: missing");
  check_invalid(with(R"("process": {"cwd": "/", "args": []})"), "process.args: empty: no program is named");
  check_invalid(with(R"("process": {"cwd": "/", "args": [""]})"), "process.args[0]: empty: no program is named");
  check_invalid(with(R"("process": {"cwd": "/", "args": "sh"})"), "process.args: a list is expected");
  check_invalid(with(R"("process": {"cwd": "/", "args": ["sh", 5]})"), "process.args[1]: a string is expected");
  check_invalid(with(R"("process": {"cwd": "/", "args": ["sh", null]})"), "process.args[1]: missing");
  check_invalid(with_process(R"("env": ["A=b", "C"])"), "process.env[1]: KEY=VALUE is expected");
  check_invalid(with_process(R"("user": {"uid": -1})"),
                "process.user.uid: a whole number from 0 to 4294967294 is expected");
  check_invalid(with_process(R"("user": {"gid": 4294967295})"),
                "process.user.gid: a whole number from 0 to 4294967294 is expected");
  check_invalid(with_process(R"("user": {"uid": 1.5})"),
                "process.user.uid: a whole number from 0 to 4294967294 is expected");
  check_invalid(with_process(R"("user": {"additionalGids": [1, "x"]})"),
                "process.user.additionalGids[1]: a whole number from 0 to 4294967294 is expected");
  check_invalid(with_process(R"("user": {"umask": 512})"),
                "process.user.umask: a whole number from 0 to 511 is expected");
  check_invalid(with_process(R"("consoleSize": {"height": 5})"), "process.consoleSize.width: missing");
  check_invalid(with_process(R"("consoleSize": {"height": 70000, "width": 5})"),
                "process.consoleSize.height: a whole number from 0 to 65535 is expected");
  check_invalid(with_process(R"("rlimits": [{"type": "RLIMIT_FOO", "soft": 1, "hard": 1}])"),
                "process.rlimits[0].type: unknown resource limit \"RLIMIT_FOO\"");
  check_invalid(with_process(R"("rlimits": [{"type": "RLIMIT_CPU", "soft": 1}])"), "process.rlimits[0].hard: missing");
  check_invalid(with_process(R"("rlimits": [{"type": "RLIMIT_CPU", "soft": 2, "hard": 1}])"),
                "process.rlimits[0].soft: above the hard limit");
  check_invalid(with_process(R"("rlimits": [{"type": "RLIMIT_CPU", "soft": 1, "hard": 1},
                                            {"type": "RLIMIT_CPU", "soft": 1, "hard": 1}])"),
                "process.rlimits[1].type: RLIMIT_CPU is listed twice");
  check_invalid(with_process(R"("oomScoreAdj": 1001)"),
                "process.oomScoreAdj: a whole number from -1000 to 1000 is expected");
  check_invalid(with_process(R"("scheduler": {})"), "process.scheduler.policy: missing");
  check_invalid(with_process(R"("scheduler": {"policy": "SCHED_FOO"})"),
                "process.scheduler.policy: unknown scheduling policy \"SCHED_FOO\"");
  check_invalid(with_process(R"("scheduler": {"policy": "SCHED_RR", "flags": ["X"]})"),
                "process.scheduler.flags[0]: unknown scheduling flag \"X\"");
  check_invalid(with_process(R"("scheduler": {"policy": "SCHED_OTHER", "nice": 20})"),
                "process.scheduler.nice: a whole number from -20 to 19 is expected");
  check_invalid(with_process(R"("ioPriority": {"class": "IOPRIO_CLASS_X"})"),
                "process.ioPriority.class: unknown class \"IOPRIO_CLASS_X\"");
  check_invalid(with_process(R"("ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8})"),
                "process.ioPriority.priority: a whole number from 0 to 7 is expected");
  check_invalid(with_process(R"("execCPUAffinity": {"initial": "a"})"),
                "process.execCPUAffinity.initial: a list of CPUs like 0-3,7 is expected");
}

TEST_CASE("bad documents: mounts and hooks") {
  check_invalid(with(R"("mounts": [{"type": "proc"}])"), "mounts[0].destination: missing");
  check_invalid(with(R"("mounts": [{"type": "proc", "destination": "proc"}])"),
                "mounts[0].destination: an absolute path is expected, not \"proc\"");
  check_invalid(with(R"("mounts": [{"destination": "/a", "type": "bind"}])"),
                "mounts[0].source: a bind mount needs one");
  check_invalid(with(R"("mounts": [{"destination": "/a"}])"), "mounts[0].type: missing");
  check_invalid(with(R"("mounts": [{"destination": "/a", "type": "proc", "options": "ro"}])"),
                "mounts[0].options: a list is expected");
  check_invalid(with(R"("mounts": [{"destination": "/a", "type": "bind", "source": "/b",
                         "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}])"),
                "mounts[0].gidMappings: missing beside the other mapping");
  check_invalid(with(R"("hooks": {"prestart": [{"args": ["a"]}]})"), "hooks.prestart[0].path: missing");
  check_invalid(with(R"("hooks": {"poststop": [{"path": "a"}]})"),
                "hooks.poststop[0].path: an absolute path is expected, not \"a\"");
  check_invalid(with(R"("hooks": {"poststart": [{"path": "/a", "timeout": 0}]})"),
                "hooks.poststart[0].timeout: a whole number from 1 to 2147483647 is expected");
}

TEST_CASE("bad documents: linux") {
  check_invalid(with_linux(R"("namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "foo"}])"),
                "linux.namespaces[2].type: unknown namespace \"foo\"");
  check_invalid(with_linux(R"("namespaces": [{"type": "pid"}, {"type": "pid"}])"),
                "linux.namespaces[1].type: \"pid\" is listed twice");
  check_invalid(with_linux(R"("namespaces": [{"type": "pid", "path": "a"}])"),
                "linux.namespaces[0].path: an absolute path is expected, not \"a\"");
  check_invalid(with_linux(R"("namespaces": [{"type": "user"}])"),
                "linux.uidMappings: missing: a new user namespace needs it");
  check_invalid(with_linux(R"("gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}])"),
                "linux.gidMappings: there is no user namespace to be mapped");
  check_invalid(with_linux(R"("uidMappings": [{"containerID": 0, "hostID": 0, "size": 0}])"),
                "linux.uidMappings[0].size: must not be 0");
  check_invalid(with_linux(R"("uidMappings": [{"containerID": 0, "hostID": 4294967295, "size": 2}])"),
                "linux.uidMappings[0].size: goes beyond the largest ID");
  check_invalid(with_linux(R"("timeOffsets": {"monotonic": {"secs": 1}})"),
                "linux.timeOffsets: there is no new time namespace");
  check_invalid(with_linux(R"("timeOffsets": {"realtime": {"secs": 1}})"),
                "linux.timeOffsets: unknown clock \"realtime\"");
  check_invalid(with_linux(R"("timeOffsets": {"boottime": {"nanosecs": 1000000000}})"),
                "linux.timeOffsets.boottime.nanosecs: a whole number from 0 to 999999999 is expected");
  check_invalid(with_linux(R"("devices": [{"type": "c", "major": 1, "minor": 1}])"), "linux.devices[0].path: missing");
  check_invalid(with_linux(R"("devices": [{"path": "/dev/a", "type": "x"}])"),
                "linux.devices[0].type: c, b, u or p is expected");
  check_invalid(with_linux(R"("devices": [{"path": "/dev/a", "type": "c", "major": 1}])"),
                "linux.devices[0].minor: missing");
  check_invalid(with_linux(R"("maskedPaths": ["proc"])"),
                "linux.maskedPaths[0]: an absolute path is expected, not \"proc\"");
  check_invalid(with_linux(R"("sysctl": {"net.core.somaxconn": 256})"),
                "linux.sysctl.net.core.somaxconn: a string is expected");
  check_invalid(with_linux(R"("rootfsPropagation": "wide")"), "linux.rootfsPropagation: unknown propagation \"wide\"");
  check_invalid(with_linux(R"("personality": {"domain": "BSD"})"), "linux.personality.domain: unknown domain \"BSD\"");
  check_invalid(with_linux(R"("personality": {"domain": "LINUX", "flags": ["X"]})"),
                "linux.personality.flags[0]: unknown flag \"X\"");
  check_invalid(with_linux(R"("seccomp": [])"), "linux.seccomp: an object is expected");
  check_unsupported(with_linux(R"("intelRdt": {"closID": "a"})"),
                    "linux.intelRdt: control of caches and memory bandwidth is not supported");
  check_unsupported(with_linux(R"("netDevices": {"eth0": {}})"),
                    "linux.netDevices: moving network devices is not supported");
  check_unsupported(with_linux(R"("memoryPolicy": {"mode": "MPOL_BIND"})"),
                    "linux.memoryPolicy: policies of NUMA memory are not supported");
}

TEST_CASE("bad documents: resources") {
  check_invalid(with_resources(R"("memory": {"limit": "1g"})"),
                "linux.resources.memory.limit: a whole number from -1 to 9223372036854775807 is expected");
  check_invalid(with_resources(R"("memory": {"limit": 9223372036854775808})"),
                "linux.resources.memory.limit: a whole number from -1 to 9223372036854775807 is expected");
  const std::string v1 = ": needs cgroup v1, which Creel does not use";
  check_unsupported(with_resources(R"("memory": {"swappiness": 10})"), "linux.resources.memory.swappiness" + v1);
  check_unsupported(with_resources(R"("memory": {"disableOOMKiller": true})"),
                    "linux.resources.memory.disableOOMKiller" + v1);
  check_unsupported(with_resources(R"("cpu": {"realtimeRuntime": 5})"), "linux.resources.cpu.realtimeRuntime" + v1);
  check_unsupported(with_resources(R"("network": {"classID": 5})"), "linux.resources.network.classID" + v1);
  check_unsupported(with_resources(R"("network": {"priorities": [{"name": "eth0", "priority": 1}]})"),
                    "linux.resources.network.priorities" + v1);
  check_unsupported(with_resources(R"("rdma": {"mlx5_1": {"hcaHandles": 3}})"),
                    "linux.resources.rdma: limits of RDMA devices are not supported");
  check_invalid(with_resources(R"("cpu": {"idle": 2})"),
                "linux.resources.cpu.idle: a whole number from 0 to 1 is expected");
  check_invalid(with_resources(R"("blockIO": {"weight": 5})"),
                "linux.resources.blockIO.weight: a whole number from 10 to 1000 is expected");
  check_invalid(with_resources(R"("blockIO": {"throttleReadBpsDevice": [{"major": 8, "rate": 5}]})"),
                "linux.resources.blockIO.throttleReadBpsDevice[0].minor: missing");
  check_invalid(with_resources(R"("hugepageLimits": [{"pageSize": "64kB", "limit": 5}])"),
                "linux.resources.hugepageLimits[0].pageSize: a size like 64KB, 2MB or 1GB is expected");
  check_invalid(with_resources(R"("devices": [{"type": "c"}])"), "linux.resources.devices[0].allow: missing");
  check_invalid(with_resources(R"("devices": [{"allow": true, "type": "x"}])"),
                "linux.resources.devices[0].type: a, b or c is expected");
  check_invalid(with_resources(R"("devices": [{"allow": true, "access": "rx"}])"),
                "linux.resources.devices[0].access: letters of rwm are expected");
  check_invalid(with_resources(R"("unified": {"../memory.max": "1"})"),
                "linux.resources.unified: unknown control group file \"../memory.max\"");
}

TEST_CASE("the process and the resources alone") {
  auto process = process_from_json(R"({"cwd": "/", "args": ["sh"], "user": {"uid": 5}})");
  REQUIRE(process.ok());
  CHECK(process->user.uid == 5);
  CHECK(process_from_json(R"({"cwd": "/"})").error().text == "process: args: missing");
  CHECK(process_from_json("[]").error().text == "process: an object is expected");
  auto resources = resources_from_json(R"({"memory": {"limit": 5000000}})");
  REQUIRE(resources.ok());
  CHECK(resources->memory_limit == 5000000);
  CHECK(resources_from_json(R"({"pids": {"limit": "x"}})").error().text ==
        "resources: pids.limit: a whole number from -9223372036854775808 to 9223372036854775807 is expected");
}

TEST_CASE("the default documents are good ones") {
  const Spec root = good(default_spec_json(false));
  CHECK(root.process.terminal);
  CHECK(root.process.no_new_privileges);
  CHECK(root.namespaces.size() == 6);
  const Spec rootless = good(default_spec_json(true));
  CHECK(rootless.uid_mappings.size() == 1);
  for (const Namespace& one : rootless.namespaces) CHECK(one.type != NamespaceType::kNetwork);
}
