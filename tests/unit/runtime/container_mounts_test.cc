// Mounts as a container sees them.
#include <linux/magic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "tests/unit/runtime/box.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

// A directory with another mount beneath it.
struct Tree {
  std::string path;
  explicit Tree(const Box& box) : path(box.path + "/tree") {
    REQUIRE(make_dirs(path + "/beneath", 0755).ok());
    REQUIRE(mount("tmpfs", (path + "/beneath").c_str(), "tmpfs", 0, "mode=777") == 0);
  }
  ~Tree() { umount2((path + "/beneath").c_str(), MNT_DETACH); }
};

constexpr const char* kTryBoth = "touch /tree/x 2>/dev/null && echo top; touch /tree/beneath/x 2>/dev/null && echo beneath; true";

}  // namespace

TEST_CASE("ro is of the one mount, rro of the tree, and a deep volume is read-only all the way") {
  NEED_ROOT;
  const auto with = [](std::vector<std::string> options, bool deep) {
    Box box(kTryBoth);
    const Tree tree(box);
    Mount mount{"/tree", "bind", tree.path, std::move(options)};
    mount.deep = deep;
    box.spec.mounts.push_back(mount);
    const Ended ended = box.run();
    CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
    return ended.out;
  };
  CHECK(with({"rbind"}, false) == "top\nbeneath\n");
  CHECK(with({"rbind", "ro"}, false) == "beneath\n");
  CHECK(with({"rbind", "rro"}, false).empty());
  CHECK(with({"rbind", "ro"}, true).empty());
  CHECK(with({"rbind", "ro", "rrw"}, false) == "top\nbeneath\n");
  // Without its r nothing comes along.
  CHECK(with({"bind", "ro"}, false).empty());
}

TEST_CASE("remount changes what is there; of nothing it is an error") {
  NEED_ROOT;
  Box box("touch /tmp/x 2>/dev/null || echo closed; grep ' /tmp ' /proc/self/mountinfo | grep -c nosuid");
  box.spec.mounts.push_back({"/tmp", "tmpfs", "tmpfs", {}});
  box.spec.mounts.push_back({"/tmp", "none", "", {"remount", "bind", "ro", "nosuid"}});
  check_output(box.run(), "closed\n1\n");
  Box nothing("true");
  nothing.spec.mounts.push_back({"/tmp", "none", "", {"remount", "bind", "ro"}});
  CHECK(nothing.run().error.code == Code::kInvalid);
}

TEST_CASE("propagation: slave and shared at once, unbindable") {
  NEED_ROOT;
  Box box("grep ' /shared ' /proc/self/mountinfo | grep -c shared:; grep ' /alone ' /proc/self/mountinfo | grep -c unbindable");
  REQUIRE(make_dirs(box.path + "/dir").ok());
  box.spec.mounts.push_back({"/shared", "bind", box.path + "/dir", {"bind", "slave", "shared"}});
  box.spec.mounts.push_back({"/alone", "bind", box.path + "/dir", {"bind", "unbindable"}});
  check_output(box.run(), "1\n1\n");
}

TEST_CASE("the root: read-only, shared") {
  NEED_ROOT;
  Box box("touch /x 2>/dev/null || echo closed; grep ' / / ' /proc/self/mountinfo | grep -c shared: ; grep ' /[^ ]* / ' /proc/self/mountinfo | grep -c shared:");
  box.spec.root_readonly = true;
  box.spec.rootfs_propagation = "rshared";
  const Ended ended = box.run();
  CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
  CHECK(ended.out.find("closed\n") == 0);
  CHECK(ended.out.find("1\n") != std::string::npos);
}

TEST_CASE("mapped IDs: by mappings of its own, and by the container's") {
  NEED_ROOT;
  Box box("stat -c %u:%g /mapped/file");
  const std::string dir = box.path + "/tmpfs";
  REQUIRE(make_dirs(dir, 0755).ok());
  REQUIRE(mount("tmpfs", dir.c_str(), "tmpfs", 0, "mode=755") == 0);
  REQUIRE(write_atomic(dir + "/file", "x", 0644).ok());
  REQUIRE(chown((dir + "/file").c_str(), 1000, 2000) == 0);
  Mount mount{"/mapped", "bind", dir, {"bind", "idmap"}};
  mount.uid_mappings = {{1000, 7000, 1}};
  mount.gid_mappings = {{2000, 8000, 1}};
  box.spec.mounts.push_back(mount);
  Ended ended = box.run();
  if (ended.error.code == Code::kUnavailable) {
    MESSAGE("skipped: " << ended.error.text);
  } else {
    check_output(ended, "7000:8000\n");
    box.spec.mounts.back() = {"/mapped", "bind", dir, {"bind", "idmap"}};
    box.name_space(NamespaceType::kUser);
    box.spec.uid_mappings = box.spec.gid_mappings = {{0, 100000, 65536}};
    REQUIRE(chown((dir + "/file").c_str(), 5, 6) == 0);
    check_output(box.run(), "5:6\n");
  }
  umount2(dir.c_str(), MNT_DETACH);
}

TEST_CASE("mapped IDs need a user namespace or mappings") {
  NEED_ROOT;
  Box box("true");
  box.spec.mounts.push_back({"/mapped", "bind", box.path + "/root/tmp", {"bind", "idmap"}});
  CHECK(box.run().error.text.find("no user namespace of its own") != std::string::npos);
}

TEST_CASE("devices: type, numbers, mode, owner; a FIFO; what the image has put in their place") {
  NEED_ROOT;
  Box box("stat -c '%F %t:%T %a %u:%g' /dev/own /dev/pipe");
  box.spec.devices = {{"/dev/own", 'c', 1, 5, 0620, 3, 4}, {"/dev/pipe", 'p', 0, 0, 0606, 0, 0}};
  check_output(box.run(), "character special file 1:5 620 3:4\nfifo 0:0 606 0:0\n");
  Box hostile("true");
  hostile.spec.mounts.pop_back();
  REQUIRE(write_atomic(hostile.root("/dev/null"), "not it", 0666).ok());
  CHECK(hostile.run().error.text == "making device /dev/null: something else is there already");
}

TEST_CASE("masked and read-only paths") {
  NEED_ROOT;
  Box box("cat /etc/secret; ls -A /etc/dir; touch /etc/fixed/x 2>/dev/null || echo closed; stat -c %t:%T /etc/secret; touch /proc/sys/x 2>/dev/null || echo closed");
  REQUIRE(make_dirs(box.root("/etc/dir"), 0755).ok());
  REQUIRE(make_dirs(box.root("/etc/fixed"), 0755).ok());
  REQUIRE(write_atomic(box.root("/etc/secret"), "secret", 0644).ok());
  REQUIRE(write_atomic(box.root("/etc/dir/file"), "secret", 0644).ok());
  box.spec.masked_paths = {"/etc/secret", "/etc/dir", "/etc/absent"};
  box.spec.readonly_paths = {"/etc/fixed", "/proc/sys", "/etc/absent"};
  check_output(box.run(), "closed\n1:3\nclosed\n");
}

TEST_CASE("a mask is the null device by its numbers, whatever the container has at /dev/null") {
  NEED_ROOT;
  // A volume that another container writes to is its /dev.
  Box box("stat -c %t:%T /etc/secret; cat /etc/secret; chmod 600 /etc/secret 2>/dev/null || echo refused; echo x >/etc/secret && echo writes");
  REQUIRE(make_dirs(box.path + "/dev").ok());
  REQUIRE(write_atomic(box.path + "/dev/null", "bait", 0666).ok());
  REQUIRE(make_dirs(box.root("/etc"), 0755).ok());
  REQUIRE(write_atomic(box.root("/etc/secret"), "secret", 0644).ok());
  box.spec.mounts.back() = {"/dev", "bind", box.path + "/dev", {"bind"}};
  box.spec.masked_paths = {"/etc/secret"};
  struct stat before {}, after {};
  REQUIRE(stat("/dev/null", &before) == 0);
  // The one that is left is the host's, and its mode is not the container's to change.
  check_output(box.run(), "1:3\nrefused\nwrites\n");
  REQUIRE(stat("/dev/null", &after) == 0);
  CHECK(before.st_mode == after.st_mode);
}

TEST_CASE("what a container does to a masked file is done to its own null device") {
  NEED_ROOT;
  Box box("chmod 600 /etc/secret && stat -c %a /dev/null");
  REQUIRE(make_dirs(box.root("/etc"), 0755).ok());
  REQUIRE(write_atomic(box.root("/etc/secret"), "secret", 0644).ok());
  box.spec.masked_paths = {"/etc/secret"};
  struct stat before {}, after {};
  REQUIRE(stat("/dev/null", &before) == 0);
  check_output(box.run(), "600\n");
  REQUIRE(stat("/dev/null", &after) == 0);
  CHECK(before.st_mode == after.st_mode);
}

TEST_CASE("sysctls go into a proc file system or nowhere (CVE-2019-19921, CVE-2025-52881)") {
  NEED_ROOT;
  Box box("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/domainname");
  box.name_space(NamespaceType::kNetwork);
  box.spec.sysctl = {{"net.ipv4.ip_forward", "1"}, {"kernel.domainname", "inside"}};
  check_output(box.run(), "1\ninside\n");
  // The image's /proc is a directory with the right names in it: nothing is written there, but to the namespaces that the
  // process is in.
  Box fake("cat /proc/sys/net/ipv4/ip_forward");
  fake.name_space(NamespaceType::kNetwork);
  fake.spec.mounts.erase(fake.spec.mounts.begin());
  REQUIRE(make_dirs(fake.root("/proc/sys/net/ipv4"), 0755).ok());
  REQUIRE(write_atomic(fake.root("/proc/sys/net/ipv4/ip_forward"), "bait\n", 0666).ok());
  fake.spec.sysctl = {{"net.ipv4.ip_forward", "1"}};
  check_output(fake.run(), "bait\n");
}

TEST_CASE("cgroup: on a v1 host its hierarchies, else the unified one") {
  NEED_ROOT;
  struct statfs info {};
  if (statfs("/sys/fs/cgroup", &info) != 0 || static_cast<long>(info.f_type) == CGROUP2_SUPER_MAGIC) return;
  Box box("cd /sys/fs/cgroup && for c in *; do [ -e $c/cgroup.procs ] && echo $c; done; touch /sys/fs/cgroup/x 2>/dev/null || echo closed");
  box.name_space(NamespaceType::kCgroup);
  box.spec.mounts.push_back({"/sys", "sysfs", "sysfs", {"ro"}});
  box.spec.mounts.push_back({"/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid"}});
  const Ended ended = box.run();
  CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
  CHECK(ended.out.find("memory\n") != std::string::npos);
  CHECK(ended.out.find("closed\n") != std::string::npos);
}

TEST_CASE("no pivot: the same root, by moving it") {
  NEED_ROOT;
  Box box("ls -A / | grep -c '^bin$'; touch /x && echo writes");
  Plan plan = box.plan();
  plan.no_pivot = true;
  check_output(box.run(plan), "1\nwrites\n");
}
