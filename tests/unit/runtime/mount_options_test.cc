#include "engine/runtime/mount_options.h"

#include <doctest/doctest.h>
#include <linux/mount.h>
#include <sys/mount.h>

#include "engine/runtime/child/mount_api.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

MountStep good(const Mount& mount) {
  auto step = compile_mount(mount);
  REQUIRE_MESSAGE(step.ok(), (step.ok() ? "" : step.error().text));
  return *step;
}

std::string refused(const Mount& mount) {
  auto step = compile_mount(mount);
  REQUIRE(!step.ok());
  CHECK(step.error().code == Code::kInvalid);
  return step.error().text;
}

}  // namespace

TEST_CASE("file systems: attributes, parameters, order") {
  const MountStep dev = good({"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}});
  CHECK(dev.kind == MountStep::Kind::kFilesystem);
  CHECK(dev.type == "tmpfs");
  CHECK(dev.attr_set == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME));
  CHECK(dev.attr_clear == 0);
  CHECK(dev.data == "mode=755,size=65536k");

  const MountStep pts = good(
      {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}});
  CHECK(pts.data == "newinstance,ptmxmode=0666,mode=0620,gid=5");

  const MountStep cgroup = good({"/sys/fs/cgroup", "cgroup", "cgroup", {"rprivate", "nosuid", "relatime", "ro"}});
  CHECK(cgroup.type == "cgroup2");
  CHECK(cgroup.attr_set == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY));
  CHECK(cgroup.data.empty());
}

TEST_CASE("the last of two contradicting options holds") {
  CHECK(good({"/t", "tmpfs", "tmpfs", {"ro", "rw"}}).attr_set == 0);
  CHECK(good({"/t", "tmpfs", "tmpfs", {"rw", "ro"}}).attr_set == MOUNT_ATTR_RDONLY);
  CHECK(good({"/t", "tmpfs", "tmpfs", {"noexec", "exec", "nodev"}}).attr_set == MOUNT_ATTR_NODEV);
  CHECK(good({"/t", "tmpfs", "tmpfs", {"noatime", "strictatime"}}).attr_set == MOUNT_ATTR_STRICTATIME);
  CHECK(good({"/t", "tmpfs", "tmpfs", {"noatime", "relatime"}}).attr_set == 0);
}

TEST_CASE("binds") {
  Mount mount{"/data", "bind", "/srv", {"rbind", "rslave", "ro", "nosuid", "U", "z"}};
  mount.copy_up = true;
  const MountStep step = good(mount);
  CHECK(step.kind == MountStep::Kind::kBind);
  CHECK(step.recursive);
  CHECK(step.chown);
  CHECK(step.copy_up);
  CHECK(step.propagation == MS_SLAVE);
  CHECK(step.attr_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  CHECK(step.source == "/srv");
  CHECK(!good({"/data", "bind", "/srv", {"bind"}}).recursive);
  // By its option alone, as config.json may have it.
  CHECK(good({"/data", "none", "/srv", {"rbind"}}).kind == MountStep::Kind::kBind);
  // Nothing is taken from what the host's mount forbids.
  CHECK(good({"/data", "bind", "/srv", {"rw", "exec", "suid", "dev"}}).attr_clear == 0);
  CHECK(good({"/data", "bind", "/srv", {"noatime"}}).attr_clear == MOUNT_ATTR__ATIME);
}

TEST_CASE("tmpcopyup is a tmpfs of its own kind") {
  CHECK(good({"/run", "tmpfs", "tmpfs", {"rw", "tmpcopyup"}}).kind == MountStep::Kind::kTmpcopyup);
  CHECK(good({"/run", "tmpfs", "tmpfs", {"notmpcopyup"}}).kind == MountStep::Kind::kFilesystem);
}

TEST_CASE("mounts that cannot be") {
  CHECK(refused({"/d", "bind", "/s", {"bind", "quick"}}) == "mounting on /d: unknown mount option \"quick\"");
  CHECK(refused({"/d", "bind", "/s", {"size=1m"}}) == "mounting on /d: unknown mount option \"size=1m\"");
  CHECK(refused({"/d", "tmpfs", "tmpfs", {"sizes=1m"}}) == "mounting on /d: unknown mount option \"sizes=1m\"");
  refused({"/d", "tmpfs", "tmpfs", {"size=1m,lowerdir=/"}});
  refused({"/d", "tmpfs", "tmpfs", {""}});
  refused({"d", "tmpfs", "tmpfs", {}});
  refused({"", "tmpfs", "tmpfs", {}});
  refused({"/d", "", "", {}});
  refused({"/d", "bind", "relative", {}});
}

TEST_CASE("propagation names") {
  CHECK(propagation_of("private") == MS_PRIVATE);
  CHECK(propagation_of("rshared") == MS_SHARED);
  CHECK(propagation_of("runbindable") == MS_UNBINDABLE);
  CHECK(propagation_of("rrslave") == 0);
  CHECK(propagation_of("ro") == 0);
  CHECK(propagation_of("") == 0);
}

TEST_CASE("parameters as the first process reads them") {
  const MountOptions options = parse_mount_data("size=64m,newinstance,,mpol=a=b");
  REQUIRE(options.size() == 3);
  CHECK(options[0] == std::pair<std::string, std::string>("size", "64m"));
  CHECK(options[1] == std::pair<std::string, std::string>("newinstance", ""));
  CHECK(options[2] == std::pair<std::string, std::string>("mpol", "a=b"));
  CHECK(parse_mount_data("").empty());
}
