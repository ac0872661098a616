#include "engine/container/id_maps.h"

#include <doctest/doctest.h>

using namespace creel::engine;
using creel::Code;
using creel::rootless::IdRange;

namespace {

// The caller is 1001, and has 100000… and 500000… as subordinate IDs.
const std::vector<IdRange> kOuter = {{0, 1001, 1}, {1, 100000, 1000}, {1001, 500000, 10}};

std::vector<std::string> joined(const std::vector<std::string>& texts, std::uint64_t total) {
  std::vector<GivenMap> given;
  for (const std::string& text : texts) {
    auto map = parse_id_map(text, kOuter);
    REQUIRE_MESSAGE(map.ok(), text);
    given.push_back(std::move(*map));
  }
  auto map = join_maps(given, total);
  if (!map.ok()) return {map.error().text};
  return to_text(*map);
}

std::vector<std::string> allocated(std::uint64_t size, const std::vector<std::string>& forced, std::vector<IdSpan> free) {
  auto map = allocate_map(size, from_text(forced), std::move(free));
  if (!map.ok()) return {map.error().text};
  return to_text(*map);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("ID maps: what is written is what is read; nonsense is refused") {
  for (const char* text : {"", "1", "a:1:1", "1:b:1", "1:1:0", "-1:1:1", "1:1:1:1", "1:4294967296:1", "4294967295:1:2", "0:@:1",
                           "0:0:x", "x0:0:1"}) {
    auto map = parse_id_map(text, kOuter);
    REQUIRE_MESSAGE(!map.ok(), text);
    CHECK(map.error().code == Code::kInvalid);
  }
  CHECK(joined({"0:1:1000"}, 1011) == Lines{"0:1:1000"});
  CHECK(joined({"5:7"}, 0) == Lines{"5:7:1"});
  CHECK(joined({"100:101:10", "0:1:100"}, 1011) == Lines{"0:1:100", "100:101:10"});
  CHECK(from_text({"0:1:100", "100:101:10"}).size() == 2);
}

TEST_CASE("ID maps: IDs of the host are translated to the engine's") {
  CHECK(joined({"0:@1001"}, 1011) == Lines{"0:0:1"});
  CHECK(joined({"0:@100010:5"}, 1011) == Lines{"0:11:5"});
  CHECK(joined({"0:@500009"}, 1011) == Lines{"0:1010:1"});
  for (const char* text : {"0:@0:1", "0:@100999:2", "0:@99999:2"}) CHECK(!parse_id_map(text, kOuter).ok());
  // As root they are what they are.
  CHECK(parse_id_map("0:@77:2", {})->map.front().host_id == 77);
}

TEST_CASE("ID maps: + puts a mapping over the identity, which loses what conflicts") {
  CHECK(joined({"+5000:@100000"}, 100) == Lines{"0:0:1", "2:2:98", "5000:1:1"});
  CHECK(joined({"+3:50:2"}, 100) == Lines{"0:0:3", "3:50:2", "5:5:45", "52:52:48"});
  auto flags = parse_id_map("+g1:2:3", {});
  CHECK((flags->over_identity && flags->groups && !flags->users));
}

TEST_CASE("ID maps: overlaps and what is out of reach are refused") {
  for (const Lines& texts : {Lines{"0:1:10", "5:100:10"}, Lines{"0:1:10", "50:5:10"}}) {
    CHECK(joined(texts, 1011).front().find("overlap") != std::string::npos);
  }
  CHECK(joined({"0:1000:12"}, 1011).front().find("there are only 1011 IDs") != std::string::npos);
}

TEST_CASE("--userns=auto: free ranges, whole ones first, around what is forced") {
  CHECK(allocated(10, {}, {{1, 1000}}) == Lines{"0:1:10"});
  CHECK(allocated(10, {}, {{1, 5}, {100, 50}}) == Lines{"0:100:10"});
  CHECK(allocated(10, {}, {{1, 5}, {100, 6}}) == Lines{"0:1:5", "5:100:5"});
  CHECK(allocated(10, {"3:0:1"}, {{1, 1000}}) == Lines{"0:1:3", "3:0:1", "4:4:6"});
  CHECK(allocated(10, {"3:5:1"}, {{1, 1000}}) == Lines{"0:6:3", "3:5:1", "4:9:6"});
  CHECK(allocated(11, {}, {{1, 10}}).front().find("enough available IDs") != std::string::npos);
}

TEST_CASE("--userns=auto: what others have is left out") {
  std::vector<IdSpan> free = {{1, 100}};
  free = subtract(free, {11, 10});
  free = subtract(free, {1, 5});
  REQUIRE(free.size() == 2);
  CHECK((free[0].first == 6 && free[0].count == 5));
  CHECK((free[1].first == 21 && free[1].count == 80));
  CHECK(subtract(free, {0, 1000}).empty());
  CHECK(subtract({}, {0, 1}).empty());
}
