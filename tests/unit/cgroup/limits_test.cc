#include "engine/runtime/cgroup/limits.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/runtime/cgroup/tree.h"
#include "support.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

// A group with limits, and what its files then say.
class Limited {
 public:
  explicit Limited(const Resources& resources) : plan_(creel::tests::plan_for(creel::tests::fresh_id())) {
    plan_.resources = resources;
    auto placed = CgroupPlacement::begin(plan_);
    error_ = placed.ok() ? Error{} : placed.error();
    if (placed.ok()) group_ = placed->take();
  }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;
  ~Limited() {
    if (group_.valid()) CHECK(remove_cgroup(plan_, group_.path()).ok());
  }
  [[nodiscard]] std::string operator[](const std::string& file) const {
    const auto text = read_group_file(group_.fd(), file);
    return text.ok() ? std::string(trim(*text)) : text.error().text;
  }
  [[nodiscard]] const Cgroup& group() const { return group_; }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  CgroupPlan plan_;
  Cgroup group_;
  Error error_;
};

}  // namespace

TEST_CASE("weights of cgroup v1 keep their ends and their order") {
  CHECK(cpu_weight(2) == 1);
  CHECK(cpu_weight(1024) == 39);
  CHECK(cpu_weight(262144) == 10000);
  CHECK(cpu_weight(0) == 1);
  CHECK(cpu_weight(1000000) == 10000);
  CHECK(io_weight(10) == 1);
  CHECK(io_weight(500) == 4950);
  CHECK(io_weight(1000) == 10000);
}

TEST_CASE("the limit of swap is what memory and swap have more than memory") {
  CHECK(*swap_max(1000, 3000) == "2000");
  CHECK(*swap_max(1000, 1000) == "0");
  CHECK(*swap_max(1000, -1) == "max");
  CHECK(swap_max(1000, 999).error().code == Code::kInvalid);
  CHECK(swap_max({}, 1000).error().code == Code::kInvalid);
  CHECK(swap_max(-1, 1000).error().code == Code::kInvalid);
}

TEST_CASE("what is unlimited anyway asks for nothing") {
  Resources none;
  none.memory_limit = none.memory_swap = none.cpu_quota = none.pids_limit = -1;
  none.cpu_shares = 0;
  none.devices = {{true, 'a', {}, {}, "rwm"}};
  CHECK_FALSE(none.any_limit());
  Resources pids;
  pids.pids_limit = 1;
  CHECK(pids.any_limit());
  Resources unified;
  unified.unified = {{"memory.high", "1000000"}};
  CHECK(unified.any_limit());
}

TEST_CASE("unified keys lead nowhere else and move no processes") {
  CHECK(check_unified_key("memory.high").ok());
  CHECK(check_unified_key("io.bfq.weight").ok());
  CHECK(check_unified_key("cgroup.max.depth").ok());
  for (const char* bad : {"", "memory", ".high", "../memory.high", "memory.x/../../y", "memory.high\n", "cgroup.procs",
                          "cgroup.kill", "cgroup.freeze", "cgroup.subtree_control", "cgroup.type"}) {
    CAPTURE(bad);
    CHECK(check_unified_key(bad).error().code == Code::kInvalid);
  }
}

TEST_CASE("memory limits are in the files") {
  if (!creel::tests::have_controller("memory")) return;
  Resources r;
  r.memory_limit = 64 << 20;
  r.memory_swap = 96 << 20;
  r.memory_reservation = 32 << 20;
  Limited limited(r);
  REQUIRE(limited.error().text == "");
  CHECK(limited["memory.max"] == std::to_string(64 << 20));
  CHECK(limited["memory.swap.max"] == std::to_string(32 << 20));
  CHECK(limited["memory.low"] == std::to_string(32 << 20));

  SUBCASE("a change leaves alone what it does not name") {
    Resources change;
    change.memory_swap = 128 << 20;
    REQUIRE(limited.group().apply(change).ok());
    CHECK(limited["memory.max"] == std::to_string(64 << 20));
    CHECK(limited["memory.swap.max"] == std::to_string(64 << 20));
    CHECK(limited["memory.low"] == std::to_string(32 << 20));
  }
  SUBCASE("unlimited memory is unlimited swap") {
    Resources change;
    change.memory_limit = -1;
    REQUIRE(limited.group().apply(change).ok());
    CHECK(limited["memory.max"] == "max");
    CHECK(limited["memory.swap.max"] == "max");
  }
}

TEST_CASE("cpu limits are in the files") {
  if (!creel::tests::have_controller("cpu")) return;
  Resources r;
  r.cpu_quota = 50000;
  r.cpu_shares = 512;
  Limited limited(r);
  REQUIRE(limited.error().text == "");
  CHECK(limited["cpu.max"] == "50000 100000");
  CHECK(limited["cpu.weight"] == "20");

  Resources change;
  SUBCASE("a period alone keeps the quota") {
    change.cpu_period = 200000;
    REQUIRE(limited.group().apply(change).ok());
    CHECK(limited["cpu.max"] == "50000 200000");
  }
  SUBCASE("a burst fits the quota whichever way both change") {
    change.cpu_quota = 80000;
    change.cpu_burst = 70000;
    REQUIRE(limited.group().apply(change).ok());
    CHECK(limited["cpu.max.burst"] == "70000");
    change.cpu_quota = 20000;
    change.cpu_burst = 10000;
    REQUIRE(limited.group().apply(change).ok());
    CHECK(limited["cpu.max"] == "20000 100000");
    CHECK(limited["cpu.max.burst"] == "10000");
  }
  SUBCASE("no quota") {
    change.cpu_quota = -1;
    REQUIRE(limited.group().apply(change).ok());
    CHECK(limited["cpu.max"] == "max 100000");
  }
  SUBCASE("an idle group has no weight") {
    change.cpu_idle = 1;
    change.cpu_shares = 1024;
    REQUIRE(limited.group().apply(change).ok());
    CHECK(limited["cpu.idle"] == "1");
  }
  SUBCASE("what the kernel refuses is invalid, and names file and value") {
    change.cpu_quota = 1;
    const auto refused = limited.group().apply(change);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::kInvalid);
    CHECK(refused.error().text.find("write \"1 100000\" to cpu.max: Invalid argument") != std::string::npos);
  }
}

TEST_CASE("a limit of processes is in the file") {
  if (!creel::tests::have_controller("pids")) return;
  Resources r;
  r.pids_limit = 17;
  Limited limited(r);
  REQUIRE(limited.error().text == "");
  CHECK(limited["pids.max"] == "17");
  r.pids_limit = 0;
  REQUIRE(limited.group().apply(r).ok());
  CHECK(limited["pids.max"] == "max");
}

TEST_CASE("cpusets are in the files") {
  if (!creel::tests::have_controller("cpuset")) return;
  Resources r;
  r.cpuset_cpus = "0";
  r.cpuset_mems = "0";
  Limited limited(r);
  REQUIRE(limited.error().text == "");
  CHECK(limited["cpuset.cpus"] == "0");
  CHECK(limited["cpuset.mems"] == "0");
}

TEST_CASE("limits of a disk are in the files") {
  if (!creel::tests::have_controller("io")) return;
  std::string number;
  for (const char* disk : {"vda", "sda", "nvme0n1", "xvda"}) {
    const auto dev = read_file(std::string("/sys/block/") + disk + "/dev");
    if (dev.ok()) number = trim(*dev);
  }
  if (number.empty()) {
    MESSAGE("left out: no disk");
    return;
  }
  const Cut parts = cut(number, ':');
  const std::int64_t major = *parse_int(parts.before, "major"), minor = *parse_int(parts.after, "minor");
  Resources r;
  r.io_read_bps = {{major, minor, 1048576}};
  r.io_write_iops = {{major, minor, 100}};
  Limited limited(r);
  REQUIRE(limited.error().text == "");
  CHECK(limited["io.max"] == number + " rbps=1048576 wbps=max riops=max wiops=100");
  r.io_read_bps[0].rate = 0;
  REQUIRE(limited.group().apply(r).ok());
  CHECK(limited["io.max"] == number + " rbps=max wbps=max riops=max wiops=100");
  r.io_read_bps = {{4000, 0, 1}};
  const auto refused = limited.group().apply(r);
  CHECK(refused.error().code == Code::kInvalid);

  Resources weight;
  weight.io_weight = 500;
  const auto weighed = limited.group().apply(weight);
  if (faccessat(limited.group().fd(), "io.bfq.weight", F_OK, 0) == 0) {
    CHECK(limited["io.bfq.weight"] == "default 500");
  } else if (faccessat(limited.group().fd(), "io.weight", F_OK, 0) == 0) {
    CHECK(limited["io.weight"] == "default 4950");
  } else {
    CHECK(weighed.error().code == Code::kUnavailable);
    CHECK(weighed.error().hint.find("modprobe bfq") != std::string::npos);
  }
}

TEST_CASE("limits of huge pages are in the files") {
  if (!creel::tests::have_controller("hugetlb")) return;
  Resources r;
  r.hugepages = {{"2MB", 4 << 20}};
  Limited limited(r);
  REQUIRE(limited.error().text == "");
  CHECK(limited["hugetlb.2MB.max"] == std::to_string(4 << 20));
  CHECK(limited["hugetlb.2MB.rsvd.max"] == std::to_string(4 << 20));
  for (const char* size : {"3MB", "../2MB", "MB", "2MB.rsvd", ""}) {
    CAPTURE(size);
    Resources bad;
    bad.hugepages = {{size, 0}};
    CHECK(limited.group().apply(bad).error().code == Code::kInvalid);
  }
}

TEST_CASE("unified settings are written as they are") {
  if (!creel::tests::have_controller("pids")) return;
  Resources r;
  r.unified = {{"pids.max", "23"}, {"cgroup.max.depth", "3"}};
  Limited limited(r);
  REQUIRE(limited.error().text == "");
  CHECK(limited["pids.max"] == "23");
  CHECK(limited["cgroup.max.depth"] == "3");
}

TEST_CASE("a limit without its controller is an error that names both, and leaves no group behind") {
  if (!creel::tests::have_hierarchy()) return;
  Resources r;
  r.unified = {{"nonsense.max", "1"}};
  const Limited limited(r);
  CHECK(limited.error().code == Code::kUnavailable);
  CHECK(limited.error().text.starts_with("--cgroup-conf nonsense.max needs cgroup v2 controller \"nonsense\": "));
  CHECK(limited.error().hint.find("Delegate=") != std::string::npos);
}
