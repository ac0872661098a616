#include "engine/container/limits.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "engine/container/config.h"

using namespace creel;
using namespace creel::engine;

namespace {

Result<Limits> parsed(const LimitOptions& options, Limits before = {}) {
  TRY(parse_limits(options, before));
  return before;
}
std::string error_of(const LimitOptions& options) {
  auto limits = parsed(options);
  return limits.ok() ? "" : limits.error().text;
}

}  // namespace

TEST_CASE("memory limits") {
  auto limits = parsed({.memory = "64m"});
  REQUIRE(limits.ok());
  CHECK(limits->resources.memory_limit == 64 << 20);
  // Podman's: as much swap again.
  CHECK(limits->resources.memory_swap == 128 << 20);
  CHECK(asks_for_limit(*limits));
  limits = parsed({.memory = "1.5g", .memory_reservation = "1g", .memory_swap = "-1"});
  REQUIRE(limits.ok());
  CHECK(limits->resources.memory_limit == 1610612736);
  CHECK(limits->resources.memory_reservation == 1 << 30);
  CHECK(limits->resources.memory_swap == -1);
  CHECK(!parsed({.memory = "0"})->resources.memory_limit);
  CHECK(!asks_for_limit(*parsed({.memory = "0"})));

  CHECK(error_of({.memory = "abc"}) == "invalid value for memory: invalid size: 'abc'");
  CHECK(error_of({.memory = "-1"}) == "invalid value for memory: invalid size: '-1'");
  CHECK(error_of({.memory = "20m", .memory_swap = "10m"}).starts_with("--memory-swap 10485760 is less than --memory"));
  CHECK(error_of({.memory_swap = "10m"}).starts_with("--memory-swap needs --memory"));
}

TEST_CASE("a limit that is changed keeps what was said about swap") {
  Limits limits = *parsed({.memory = "64m"});
  limits = *parsed({.memory = "128m"}, limits);
  CHECK(limits.resources.memory_swap == 256 << 20);
  limits = *parsed({.memory_swap = "512m"}, limits);
  limits = *parsed({.memory = "64m"}, limits);
  CHECK(limits.resources.memory_swap == 512 << 20);
  // None any more.
  limits = *parsed({.memory = "0", .memory_swap = "-1"}, limits);
  CHECK(limits.resources.memory_limit == -1);
  CHECK(!asks_for_limit(limits));
}

TEST_CASE("cpu limits") {
  auto limits = parsed({.cpus = "1.5"});
  REQUIRE(limits.ok());
  CHECK(limits->resources.cpu_quota == 150000);
  CHECK(limits->resources.cpu_period == 100000);
  CHECK(limits->by_cpus);
  limits =
      parsed({.cpu_shares = 512, .cpu_quota = 20000, .cpu_period = 50000, .cpuset_cpus = "0-3,7", .cpuset_mems = "0"});
  REQUIRE(limits.ok());
  CHECK(limits->resources.cpu_shares == 512u);
  CHECK(!limits->by_cpus);
  CHECK(limits->resources.cpuset_cpus == "0-3,7");
  CHECK(parsed({.cpus = "0"}).ok());

  CHECK(error_of({.cpus = "1", .cpu_quota = 1000}) == "--cpu-quota and --cpus cannot be set together");
  CHECK(error_of({.cpus = "1", .cpu_period = 1000}) == "--cpu-period and --cpus cannot be set together");
  for (const char* bad : {"x", "1x", "nan", "inf", "1e99", "0.001"}) {
    CHECK_MESSAGE(error_of({.cpus = bad}).find("\"--cpus\" flag") != std::string::npos, bad);
  }
  CHECK(!parsed({.cpu_shares = -1}).ok());
  CHECK(!parsed({.cpu_quota = 5}).ok());
  CHECK(!parsed({.cpu_period = 5}).ok());
  for (const char* bad : {"x", "3-1", "1,", "-1", "0-", "99999999"})
    CHECK_MESSAGE(!parsed({.cpuset_cpus = bad}).ok(), bad);
}

TEST_CASE("block i/o limits") {
  auto limits = parsed({.blkio_weight = "500",
                        .blkio_weight_device = {"/dev/sda:100"},
                        .device_read_bps = {"/dev/sda:1mb", "/dev/sda:2mb"},
                        .device_write_iops = {"/dev/sdb:1000"}});
  REQUIRE(limits.ok());
  CHECK(limits->resources.io_weight == 500);
  REQUIRE(limits->read_bps.size() == 1);
  CHECK(limits->read_bps[0].value == 2 << 20);
  CHECK(limits->write_iops[0].path == "/dev/sdb");
  CHECK(asks_for_limit(*limits));

  CHECK(!parsed({.blkio_weight = "5"}).ok());
  CHECK(!parsed({.blkio_weight = "x"}).ok());
  CHECK(error_of({.blkio_weight_device = {"x"}}) == "bad format: x");
  CHECK(error_of({.blkio_weight_device = {"/dev/null:5"}}) == "invalid weight for device: /dev/null:5");
  CHECK(error_of({.device_read_bps = {"/nodev:1mb"}}) == "bad format for device path: /nodev:1mb");
  CHECK(error_of({.device_read_bps = {"/dev/null:x"}}).starts_with("invalid rate for device: /dev/null:x. "));
  CHECK(error_of({.device_read_iops = {"/dev/null:1mb"}}).starts_with("invalid rate for device: /dev/null:1mb. "));
  // Numbers are looked up when they are needed.
  auto resources = resources_of(*parsed({.device_read_bps = {"/dev/null:1mb"}}));
  REQUIRE(!resources.ok());
  CHECK(resources.error().text == "limiting device /dev/null: not a block device");
}

TEST_CASE("what cgroup v2 does not have is refused by name") {
  CHECK(parsed({.memory_swappiness = -1}).ok());
  CHECK(error_of({.memory_swappiness = 50}).starts_with("--memory-swappiness: "));
  CHECK(error_of({.oom_kill_disable = true}).starts_with("--oom-kill-disable: "));
  CHECK(error_of({.cpu_rt_period = 1000}).starts_with("--cpu-rt-period: "));
  CHECK(error_of({.cpu_rt_runtime = 1000}).starts_with("--cpu-rt-runtime: "));
  CHECK(error_of({.cgroup_conf = {"memory.high"}}) == "--cgroup-conf must be formatted KEY=VALUE");
  CHECK(!parsed({.cgroup_conf = {"../x=1"}}).ok());
  CHECK(!parsed({.cgroup_conf = {"cgroup.procs=1"}}).ok());
}

TEST_CASE("limits are kept in the record") {
  ContainerConfig config;
  config.limits = *parsed({.memory = "64m",
                           .cpus = "0.5",
                           .cpuset_cpus = "0",
                           .pids_limit = 100,
                           .blkio_weight = "100",
                           .device_write_bps = {"/dev/sda:1mb"},
                           .cgroup_conf = {"memory.high=1000000"}});
  config.cgroups = "split";
  config.cgroup_parent = "/x";
  auto read = config_from_json_text(to_json_text(config));
  REQUIRE(read.ok());
  CHECK(read->limits.resources == config.limits.resources);
  CHECK(read->limits.by_cpus);
  REQUIRE(read->limits.write_bps.size() == 1);
  CHECK(read->limits.write_bps[0].value == 1 << 20);
  CHECK(read->cgroups == "split");
  CHECK(read->cgroup_parent == "/x");
  // A limit that the engine chose is not one that was asked for.
  Limits usual;
  usual.resources.pids_limit = kDefaultPidsLimit;
  usual.default_pids_limit = true;
  CHECK(!asks_for_limit(usual));
  CHECK(limits_document(Limits()).empty());
}
