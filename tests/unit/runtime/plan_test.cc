#include "engine/runtime/child/plan.h"

#include <doctest/doctest.h>

#include "engine/runtime/child/wire.h"
#include "engine/runtime/compile.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

Plan full_plan() {
  Spec spec;
  spec.process.args = {"/bin/sh", "-c", ""};
  spec.process.env = {"A=1", std::string("B=\0x", 4)};
  spec.process.user.additional_gids = {10, 4294967294u};
  spec.process.user.name = "user:group";
  spec.process.rlimits = {{"RLIMIT_CORE", 0, ~std::uint64_t{0}}};
  spec.process.oom_score_adj = -1000;
  spec.overlay = Overlay{{"/a", "/b"}, "/u", "/w", true, false, {}};
  spec.hostname = "h";
  spec.namespaces = {{NamespaceType::kMount, {}}, {NamespaceType::kUts, {}}, {NamespaceType::kNetwork, {}}, {NamespaceType::kUser, {}}};
  spec.uid_mappings = spec.gid_mappings = {{0, 1, 5}};
  spec.mounts = {{"/dev", "tmpfs", "tmpfs", {"size=1m"}}, {"/x", "bind", "/y", {"rbind", "ro", "U"}}};
  spec.masked_paths = {"/proc/kcore"};
  spec.sysctl = {{"net.ipv4.ip_forward", "1"}};
  return compile(spec, true).value();
}

}  // namespace

TEST_CASE("a plan survives the way to the monitor") {
  const Plan plan = full_plan();
  const std::string bytes = encode(plan);
  auto back = decode_plan(bytes);
  REQUIRE(back.ok());
  CHECK(encode(*back) == bytes);
  CHECK(back->process.args == plan.process.args);
  CHECK(back->process.env == plan.process.env);
  CHECK(back->process.user.groups == plan.process.user.groups);
  CHECK(back->process.oom_score_adj == -1000);
  CHECK(back->process.seccomp == plan.process.seccomp);
  CHECK(back->lower == plan.lower);
  CHECK(back->sysctl == plan.sysctl);
  REQUIRE(back->mounts.size() == plan.mounts.size());
  CHECK(back->mounts[1].chown);
  CHECK(back->mounts[1].attr_set == plan.mounts[1].attr_set);
  CHECK(back->mounts.back().kind == MountStep::Kind::kMask);
  REQUIRE(back->uid_map.size() == 1);
  CHECK(back->uid_map[0].count == 5);
}

TEST_CASE("a process plan survives too, and is not taken for a plan") {
  const ProcessPlan process = full_plan().process;
  auto back = decode_process_plan(encode(process));
  REQUIRE(back.ok());
  CHECK(back->args == process.args);
  CHECK(back->rlimits[0].hard == ~std::uint64_t{0});
  CHECK(!decode_plan(encode(process)).ok());
}

TEST_CASE("damaged plans are refused") {
  Plan plan = full_plan();
  plan.process.seccomp.resize(16);  // so that every length can be tried
  const std::string bytes = encode(plan);
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) accepted += decode_plan(bytes.substr(0, size)).ok() ? 1 : 0;
  CHECK(accepted == 0);
  CHECK(!decode_plan(bytes + "x").ok());
  std::string other_version = bytes;
  other_version[4] ^= 0x40;
  CHECK(!decode_plan(other_version).ok());
  std::string no_plan = bytes;
  no_plan[0] = 'x';
  CHECK(!decode_plan(no_plan).ok());
  // Counts and lengths that promise more than there is: no crash, no allocation of what is promised.
  std::size_t tried = 0;
  for (std::size_t at = 8; at + 4 <= bytes.size(); ++at, ++tried) {
    std::string hostile = bytes;
    hostile.replace(at, 4, "\xff\xff\xff\xff");
    (void)decode_plan(hostile).ok();
  }
  CHECK(tried > 100);
}

TEST_CASE("an error survives the way back") {
  const Error error{Code::kCannotInvoke, 13, "exec `x`: Permission denied", "chmod it"};
  const Error back = decode_error(encode(error));
  CHECK(back.code == error.code);
  CHECK(back.err == 13);
  CHECK(back.text == error.text);
  CHECK(back.hint == error.hint);
  CHECK(!decode_error("xy").text.empty());
}
