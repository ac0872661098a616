#include "engine/runtime/cgroup/device_filter.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "ebpf_interpreter.h"
#include "support.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

constexpr std::uint32_t kRead = BPF_DEVCG_ACC_READ, kWrite = BPF_DEVCG_ACC_WRITE, kMknod = BPF_DEVCG_ACC_MKNOD;

bool allows(const std::vector<DeviceRule>& rules, char type, std::uint32_t access, std::uint32_t major,
            std::uint32_t minor) {
  const auto program = device_program(rules);
  REQUIRE(program.ok());
  bpf_cgroup_dev_ctx context{};
  context.access_type = (access << 16) | (type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
  context.major = major;
  context.minor = minor;
  const std::int64_t verdict = creel::tests::run_device_filter(*program, context);
  REQUIRE((verdict == 0 || verdict == 1));
  return verdict == 1;
}

std::vector<DeviceRule> with_defaults(std::vector<DeviceRule> rules) {
  rules.insert(rules.end(), default_device_rules().begin(), default_device_rules().end());
  return rules;
}

}  // namespace

TEST_CASE("without a rule every device is denied") {
  CHECK_FALSE(allows({}, 'c', kRead, 1, 3));
  CHECK_FALSE(allows({}, 'b', kMknod, 8, 0));
}

TEST_CASE("of the rules that fit a device the last decides") {
  const DeviceRule allow_null{true, 'c', 1, 3, "rwm"}, deny_all{false, 'a', {}, {}, "rwm"},
      allow_all{true, 'a', {}, {}, ""};
  CHECK(allows({deny_all, allow_null}, 'c', kRead | kWrite, 1, 3));
  CHECK_FALSE(allows({allow_null, deny_all}, 'c', kRead, 1, 3));
  CHECK(allows({deny_all, allow_all}, 'b', kRead | kWrite | kMknod, 8, 0));
  CHECK_FALSE(allows({allow_all, {false, 'b', 8, {}, "rwm"}}, 'b', kRead, 8, 5));
  CHECK(allows({allow_all, {false, 'b', 8, {}, "rwm"}}, 'b', kRead, 9, 5));
  CHECK(allows({allow_all, {false, 'b', 8, {}, "rwm"}}, 'c', kRead, 8, 5));
}

TEST_CASE("a rule is of its type, number and accesses alone") {
  const std::vector<DeviceRule> rules{{true, 'c', 10, 200, "rw"}};
  CHECK(allows(rules, 'c', kRead, 10, 200));
  CHECK(allows(rules, 'c', kRead | kWrite, 10, 200));
  CHECK_FALSE(allows(rules, 'c', kRead | kMknod, 10, 200));
  CHECK_FALSE(allows(rules, 'b', kRead, 10, 200));
  CHECK_FALSE(allows(rules, 'c', kRead, 10, 201));
  CHECK_FALSE(allows(rules, 'c', kRead, 11, 200));
}

TEST_CASE("each access is decided by itself") {
  // Reading by one rule, writing by another: both together are allowed, and a later refusal of one holds.
  const std::vector<DeviceRule> parts{{true, 'c', 1, {}, "r"}, {true, 'c', {}, 3, "w"}};
  CHECK(allows(parts, 'c', kRead | kWrite, 1, 3));
  CHECK_FALSE(allows(parts, 'c', kRead | kWrite, 1, 4));
  const std::vector<DeviceRule> no_write{{true, 'c', 1, 3, "rwm"}, {false, 'c', 1, 3, "w"}};
  CHECK(allows(no_write, 'c', kRead, 1, 3));
  CHECK_FALSE(allows(no_write, 'c', kRead | kWrite, 1, 3));
}

TEST_CASE("numbers above 2^31 are compared as they are") {
  CHECK(allows({{true, 'c', 0x80000001, 0xffffffff, "r"}}, 'c', kRead, 0x80000001, 0xffffffff));
  CHECK_FALSE(allows({{true, 'c', 0x80000001, 0xffffffff, "r"}}, 'c', kRead, 1, 0xffffffff));
}

TEST_CASE("what is no device rule is refused by name") {
  CHECK(device_program({{true, 'x', {}, {}, "r"}}).error().text == "device rule: type \"x\" is not a, b or c");
  CHECK(device_program({{true, 'c', {}, {}, "rx"}}).error().text ==
        "device rule: access \"rx\" is not made of r, w and m");
  CHECK(device_program({{true, 'c', 4294967296, {}, "r"}}).error().code == Code::kInvalid);
  CHECK(device_program(std::vector<DeviceRule>(5000, {true, 'c', 1, 1, "r"})).error().code == Code::kInvalid);
}

TEST_CASE("every container has its null, terminals and random numbers, and no disk, memory or kernel log") {
  const auto rules = with_defaults({{false, 'a', {}, {}, "rwm"}});
  for (const std::uint32_t minor : {3, 5, 7, 8, 9}) CHECK(allows(rules, 'c', kRead | kWrite | kMknod, 1, minor));
  CHECK(allows(rules, 'c', kRead | kWrite, 136, 17));
  CHECK(allows(rules, 'c', kRead | kWrite, 5, 0));
  CHECK(allows(rules, 'c', kRead | kWrite, 5, 2));
  // Made, but not opened.
  CHECK(allows(rules, 'b', kMknod, 8, 0));
  CHECK_FALSE(allows(rules, 'b', kRead, 8, 0));
  for (const std::uint32_t minor : {1, 2, 4, 11})
    CHECK_FALSE(allows(rules, 'c', kRead, 1, minor));  // mem, kmem, port, kmsg
  CHECK_FALSE(allows(rules, 'c', kRead, 10, 200));     // tun
  CHECK_FALSE(allows(rules, 'c', kRead, 10, 229));     // fuse
  CHECK_FALSE(allows(rules, 'c', kRead, 4, 1));        // consoles
}

TEST_CASE("the kernel takes the program, and another replaces it") {
  if (geteuid() != 0 || !creel::tests::have_hierarchy()) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  auto placement = CgroupPlacement::begin(plan);
  REQUIRE(placement.ok());
  const Cgroup& group = placement->cgroup();
  const auto opens = [&group](const char* path) {
    const pid_t child = fork();
    if (child == 0) {
      if (!group.add(getpid()).ok()) _exit(120);
      const int fd = open(path, O_RDONLY | O_CLOEXEC);
      _exit(fd < 0 ? errno : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  if (opens("/dev/fuse") != 0) {
    MESSAGE("left out: there is no /dev/fuse that can be opened");
    CHECK(remove_cgroup(plan, group.path()).ok());
    return;
  }
  REQUIRE(group.filter_devices({{false, 'a', {}, {}, "rwm"}}).ok());
  CHECK(opens("/dev/fuse") == EPERM);
  CHECK(opens("/dev/null") == 0);
  // Looser than the one before: that one must be gone.
  REQUIRE(group.filter_devices({{false, 'a', {}, {}, "rwm"}, {true, 'c', 10, 229, "r"}}).ok());
  CHECK(opens("/dev/fuse") == 0);
  REQUIRE(group.filter_devices({{true, 'a', {}, {}, "rwm"}}).ok());
  CHECK(opens("/dev/fuse") == 0);
  CHECK(remove_cgroup(plan, group.path()).ok());
}
