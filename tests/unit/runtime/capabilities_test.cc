#include <doctest/doctest.h>
#include <linux/capability.h>

#include <algorithm>

#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {
using Names = std::vector<std::string>;
constexpr std::uint64_t bit(int capability) {
  return std::uint64_t{1} << capability;
}
}  // namespace

TEST_CASE("the default set is Podman's") {
  auto mask = capability_mask(default_capabilities());
  REQUIRE(mask.ok());
  CHECK(*mask == 0x800405fb);
  CHECK(default_capabilities().size() == 11);
}

TEST_CASE("names and numbers") {
  CHECK(capability_number("CAP_CHOWN") == CAP_CHOWN);
  CHECK(capability_number("sys_admin") == CAP_SYS_ADMIN);
  CHECK(capability_number("cap_Setfcap") == CAP_SETFCAP);
  CHECK(capability_number("CAP_CHECKPOINT_RESTORE") == CAP_CHECKPOINT_RESTORE);
  CHECK(capability_number("CAP_") == -1);
  CHECK(capability_number("") == -1);
  CHECK(last_capability() >= CAP_AUDIT_READ);
  CHECK(all_capabilities().size() == static_cast<std::size_t>(last_capability()) + 1);
  auto all = capability_mask(all_capabilities());
  REQUIRE(all.ok());
  CHECK(*all == (bit(last_capability()) << 1) - 1);
  CHECK(!capability_mask({"CAP_CHOWN", "CAP_NOTHING"}).ok());
}

TEST_CASE("--cap-add and --cap-drop") {
  auto same = capability_set({}, {});
  REQUIRE(same.ok());
  CHECK(*same == default_capabilities());

  auto added = capability_set({"net_raw", "CAP_NET_RAW", "CHOWN"}, {});
  REQUIRE(added.ok());
  CHECK(added->size() == 12);
  CHECK(std::is_sorted(added->begin(), added->end()));

  auto dropped = capability_set({}, {"chown", "Kill", "SYS_ADMIN"});
  REQUIRE(dropped.ok());
  CHECK(capability_mask(*dropped).value() == 0x800405da);

  CHECK(capability_set({"cap_chown"}, {"all"}).value() == Names{"CAP_CHOWN"});
  CHECK(capability_set({}, {"ALL"}).value().empty());
  CHECK(capability_set({"ALL"}, {}).value() == all_capabilities());
  CHECK(capability_set({"all"}, {"sys_admin"}).value().size() == all_capabilities().size() - 1);
  CHECK(capability_set({"ALL", "CHOWN"}, {}).value() == all_capabilities());
}

TEST_CASE("capabilities that cannot be") {
  auto unknown = capability_set({"SYS_ADMINN"}, {});
  REQUIRE(!unknown.ok());
  CHECK(unknown.error().code == Code::kInvalid);
  CHECK(unknown.error().text == "\"CAP_SYS_ADMINN\": unknown capability");
  CHECK(unknown.error().hint == "Did you mean CAP_SYS_ADMIN?");
  CHECK(!capability_set({}, {"nope"}).ok());
  CHECK(!capability_set({"ALL"}, {"ALL"}).ok());
  auto both = capability_set({"chown"}, {"CAP_CHOWN"});
  REQUIRE(!both.ok());
  CHECK(both.error().text == "capability \"CAP_CHOWN\" cannot be dropped and added");
}
