// Container and volume records.
#include "tests/unit/storage/support.h"

using namespace creel;
using namespace creel::test;

TEST_CASE_FIXTURE(StoreDir, "a container is found by name, ID, and prefix") {
  auto store = open();
  const std::string a = digest_of('a', 1).hex(), b = digest_of('a', 2).hex(), c = digest_of('c').hex();
  REQUIRE(store->add_container(container_of(a, "one"), {}).ok());
  REQUIRE(store->add_container(container_of(b, "two"), {}).ok());
  // A name that is a prefix of another's ID: the name wins.
  REQUIRE(store->add_container(container_of(c, "aaaa"), {}).ok());
  CHECK(store->container("one")->id == a);
  CHECK(store->container(b)->id == b);
  CHECK(store->container("c")->id == c);
  CHECK(store->container("aaaa")->id == c);
  CHECK(store->container("one")->config == R"({"config":true})");
  CHECK(store->containers()->front().config.empty());
  auto ambiguous = store->container("aa");
  REQUIRE(!ambiguous.ok());
  CHECK(ambiguous.error().code == Code::kInvalid);
  for (const std::string& none : {std::string(), std::string("three"), std::string("b"), std::string("a%"), c + "c"}) {
    CAPTURE(none);
    CHECK(store->container(none).error().code == Code::kNotFound);
  }
}

TEST_CASE_FIXTURE(StoreDir, "names and IDs are unique, and the error names the holder") {
  auto store = open();
  const std::string a = digest_of('a').hex(), b = digest_of('b').hex();
  REQUIRE(store->add_container(container_of(a, "one"), {}).ok());
  auto taken = store->add_container(container_of(b, "one"), {{"v", 1, false, "{}", "{}"}});
  REQUIRE(!taken.ok());
  CHECK(taken.error().code == Code::kExists);
  CHECK(taken.error().text.find(a) != std::string::npos);
  // All or nothing: its volume was not made either.
  CHECK(store->volumes()->empty());
  taken = store->add_container(container_of(a, "two"), {});
  CHECK(taken.error().code == Code::kExists);
  CHECK(taken.error().text == "creating container storage: the container ID " + a + " is already in use");
  REQUIRE(store->add_container(container_of(b, "two"), {}).ok());
  // Renaming onto another's name.
  auto renamed = container_of(b, "one");
  CHECK(store->update_container(renamed).error().code == Code::kExists);
  renamed.name = "three";
  REQUIRE(store->update_container(renamed).ok());
  CHECK(store->container("three")->id == b);
  CHECK(store->container("two").error().code == Code::kNotFound);
  REQUIRE(store->remove_container(b).ok());
  REQUIRE(store->remove_container(b).ok());
  CHECK(store->update_container(renamed).error().code == Code::kNotFound);
  CHECK(store->containers()->size() == 1);
}

TEST_CASE_FIXTURE(StoreDir, "whatever a name holds stays a name") {
  auto store = open();
  const std::string evil = "x'; DROP TABLE containers; --";
  REQUIRE(store->add_container(container_of(digest_of('a').hex(), evil), {}).ok());
  CHECK(store->container(evil)->name == evil);
  CHECK(store->containers()->size() == 1);
}

TEST_CASE_FIXTURE(StoreDir, "volumes: used ones stay, unused ones go") {
  auto store = open();
  const std::string a = digest_of('a').hex(), b = digest_of('b').hex();
  REQUIRE(store->add_volume({"named", 5, false, R"({"l":"1"})", "{}"}).ok());
  CHECK(store->add_volume({"named", 6, false, "{}", "{}"}).error().code == Code::kExists);
  const std::vector<storage::VolumeRecord> uses = {{"named", 9, false, "{}", "{}"}, {"anon", 9, true, "{}", "{}"}};
  REQUIRE(store->add_container(container_of(a, "a"), uses).ok());
  REQUIRE(store->add_container(container_of(b, "b"), {uses[0]}).ok());
  // The one that was there is used as it is.
  CHECK(store->volume("named")->value().created_ns == 5);
  CHECK(store->volume("named")->value().labels == R"({"l":"1"})");
  CHECK(store->volume("anon")->value().anonymous);
  CHECK(*store->volume_users("named") == std::vector<std::string>{a, b});
  CHECK(*store->container_volumes(a) == std::vector<std::string>{"anon", "named"});
  auto refused = store->remove_volume("named");
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == Code::kInUse);
  CHECK(refused.error().text.find(a + ", " + b) != std::string::npos);
  REQUIRE(store->remove_container(a).ok());
  REQUIRE(store->remove_container(b).ok());
  CHECK(store->volumes()->size() == 2);
  CHECK(store->volume_users("named")->empty());
  REQUIRE(store->remove_volume("named").ok());
  CHECK(store->remove_volume("named").error().code == Code::kNotFound);
}
