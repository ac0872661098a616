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
  CHECK(step.propagation == (MS_SLAVE | MS_REC));
  CHECK(step.attr_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  CHECK(step.source == "/srv");
  CHECK(!good({"/data", "bind", "/srv", {"bind"}}).recursive);
  // By its option alone, as config.json may have it.
  CHECK(good({"/data", "none", "/srv", {"rbind"}}).kind == MountStep::Kind::kBind);
  // Nothing is taken from what the host's mount forbids.
  CHECK(good({"/data", "bind", "/srv", {"rw", "exec", "suid", "dev"}}).attr_clear == 0);
  CHECK(good({"/data", "bind", "/srv", {"noatime"}}).attr_clear == MOUNT_ATTR__ATIME);
}

TEST_CASE("recursive attributes: of the whole tree, both ways") {
  struct Case {
    const char* option;
    std::uint64_t set, clear;
  };
  for (const Case& one : {Case{"rro", MOUNT_ATTR_RDONLY, 0}, {"rrw", 0, MOUNT_ATTR_RDONLY},
                          {"rnosuid", MOUNT_ATTR_NOSUID, 0}, {"rsuid", 0, MOUNT_ATTR_NOSUID},
                          {"rnodev", MOUNT_ATTR_NODEV, 0}, {"rdev", 0, MOUNT_ATTR_NODEV},
                          {"rnoexec", MOUNT_ATTR_NOEXEC, 0}, {"rexec", 0, MOUNT_ATTR_NOEXEC},
                          {"rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0}, {"rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
                          {"rnodiratime", MOUNT_ATTR_NODIRATIME, 0}, {"rdiratime", 0, MOUNT_ATTR_NODIRATIME},
                          {"rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
                          {"rstrictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
                          {"ratime", 0, MOUNT_ATTR__ATIME}, {"rrelatime", 0, MOUNT_ATTR__ATIME},
                          {"rnorelatime", 0, MOUNT_ATTR__ATIME}, {"rnostrictatime", 0, MOUNT_ATTR__ATIME}}) {
    CAPTURE(one.option);
    const MountStep step = good({"/data", "bind", "/srv", {"rbind", one.option}});
    CHECK(step.attr_set_recursive == one.set);
    CHECK(step.attr_clear_recursive == one.clear);
    CHECK(step.attr_set == 0);
    CHECK(step.attr_clear == 0);
  }
  const MountStep last = good({"/data", "bind", "/srv", {"rbind", "rro", "rrw"}});
  CHECK(last.attr_set_recursive == 0);
  CHECK(last.attr_clear_recursive == MOUNT_ATTR_RDONLY);
}

TEST_CASE("an option without its r is of the one mount, unless the whole volume is meant") {
  CHECK(!good({"/data", "bind", "/srv", {"rbind", "ro"}}).deep);
  Mount mount{"/data", "bind", "/srv", {"rbind", "ro"}};
  mount.deep = true;
  CHECK(good(mount).deep);
}

TEST_CASE("several propagation options at once") {
  CHECK(good({"/d", "bind", "/s", {"rbind", "slave", "shared"}}).propagation == (MS_SLAVE | MS_SHARED));
  CHECK(good({"/d", "bind", "/s", {"rbind", "rslave", "rshared"}}).propagation == (MS_SLAVE | MS_SHARED | MS_REC));
}

TEST_CASE("remount: what is not asked for again goes") {
  const MountStep step = good({"/proc/sys", "bind", "", {"bind", "remount", "ro", "nosuid"}});
  CHECK(step.kind == MountStep::Kind::kRemount);
  CHECK(step.attr_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  CHECK(step.attr_clear == (MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
}

TEST_CASE("mapped IDs") {
  const MountStep own = good({"/data", "bind", "/srv", {"bind", "idmap"}});
  CHECK(own.idmap);
  CHECK(own.idmap_container);
  CHECK(!own.idmap_recursive);
  Mount mount{"/data", "bind", "/srv", {"rbind", "ridmap"}};
  mount.uid_mappings = {{0, 1000, 10}};
  mount.gid_mappings = {{0, 2000, 10}};
  const MountStep mapped = good(mount);
  CHECK(mapped.idmap);
  CHECK(mapped.idmap_recursive);
  CHECK(!mapped.idmap_container);
  REQUIRE(mapped.gid_map.size() == 1);
  CHECK(mapped.gid_map[0].outside == 2000);
  mount.gid_mappings.clear();
  CHECK(refused(mount).find("both") != std::string::npos);
  Mount tmpfs{"/data", "tmpfs", "tmpfs", {}};
  tmpfs.uid_mappings = tmpfs.gid_mappings = {{0, 1000, 10}};
  CHECK(refused(tmpfs).find("only what is bound") != std::string::npos);
  refused({"/data", "tmpfs", "tmpfs", {"idmap"}});
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
  CHECK(propagation_of("rshared") == (MS_SHARED | MS_REC));
  CHECK(propagation_of("runbindable") == (MS_UNBINDABLE | MS_REC));
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
