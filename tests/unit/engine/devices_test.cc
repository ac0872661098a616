#include "engine/container/devices.h"

#include <doctest/doctest.h>

#include "engine/container/passes.h"

using namespace creel::engine;
using creel::Code;

TEST_CASE("--device: its forms") {
  for (const auto& [text, expected] : {std::pair{"/dev/null", "/dev/null:/dev/null:rwm"},
                                       std::pair{"/dev/null:r", "/dev/null:/dev/null:r"},
                                       std::pair{"/dev/null:/dev/x", "/dev/null:/dev/x:rwm"},
                                       std::pair{"/dev/null:/dev/../x/:mw", "/dev/null:/x:mw"}}) {
    auto device = parse_device(text);
    REQUIRE_MESSAGE(device.ok(), text);
    CHECK(*device == expected);
  }
  for (const char* text : {"", ":", "null", "/dev/null:rz", "/dev/null:/x:", "/dev/null:/x:rwmr", "/dev/null:/x:r:w",
                           "/dev/null:x:r"}) {
    auto device = parse_device(text);
    REQUIRE_MESSAGE(!device.ok(), text);
    CHECK(device.error().code == Code::kInvalid);
  }
  CHECK(parse_device("vendor.com/class=name").error().code == Code::kUnsupported);
}

TEST_CASE("devices: what the host has") {
  auto null = host_devices("/dev/null:/dev/x:r");
  REQUIRE(null.ok());
  REQUIRE(null->size() == 1);
  CHECK(null->front().node.path == "/dev/x");
  CHECK((null->front().node.major == 1 && null->front().node.minor == 3 && null->front().node.type == 'c'));
  CHECK(host_devices("/no/such:/x:r").error().code == Code::kNotFound);
  CHECK(host_devices("/etc/passwd:/x:r").error().code == Code::kInvalid);
  for (const HostDevice& device : all_host_devices(true)) {
    CHECK_MESSAGE(device.source.rfind("/dev/tty", 0) != 0, device.source);
    CHECK_MESSAGE(device.source.rfind("/dev/pts", 0) != 0, device.source);
  }
}

TEST_CASE("--device-cgroup-rule: its forms") {
  auto rule = parse_device_rule("c 1:* rw");
  REQUIRE(rule.ok());
  CHECK((rule->allow && rule->type == 'c' && rule->major == 1 && !rule->minor && rule->access == "rw"));
  CHECK(parse_device_rule("a *:*  rwm").ok());
  for (const char* text : {"", "c 1:3", "q 1:3 r", "c 1 r", "c 1:-3 r", "c x:3 r", "c 1:3 z", "c 1:3 rwmr", "cc 1:3 r"}) {
    auto bad = parse_device_rule(text);
    REQUIRE_MESSAGE(!bad.ok(), text);
    CHECK(bad.error().code == Code::kInvalid);
  }
}
