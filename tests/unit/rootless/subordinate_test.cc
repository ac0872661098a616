#include "rootless/subordinate.h"

#include <doctest/doctest.h>

using namespace creel;
using namespace creel::rootless;

namespace {

std::string ranges(const std::string& text) {
  std::string out;
  for (const SubordinateRange& range : parse_subordinate(text, "ann", 1001)) {
    out += std::to_string(range.first) + "+" + std::to_string(range.count) + " ";
  }
  return out;
}

}  // namespace

TEST_CASE("ranges by name and by number, in order") {
  CHECK(ranges("ann:100000:65536\n") == "100000+65536 ");
  CHECK(ranges("bob:1:2\nann:100000:65536\n1001:300000:10\nannie:7:7\n10010:8:8") == "100000+65536 300000+10 ");
  CHECK(ranges("  ann:100000:65536\r\n") == "100000+65536 ");
  CHECK(ranges("").empty());
}

TEST_CASE("malformed, empty, overflowing and overlapping lines are left out") {
  for (const char* bad : {"ann:100000",
                          "ann:100000:65536:1",
                          "ann::1",
                          "ann:1:",
                          "ann:x:1",
                          "ann:1:x",
                          "ann:-5:10",
                          "ann:5:-10",
                          "ann:0:65536",
                          "ann:100000:0",
                          "ann:4294967295:1",
                          "ann:4294967294:2",
                          "ann:1:4294967295",
                          "ann:99999999999999999999:1",
                          "ann:9223372036854775807:9223372036854775807",
                          "ann:1:9223372036854775807",
                          "ann:100000:+5",
                          "ann:0x10:5",
                          "# ann:1:2",
                          ":1:2"}) {
    CAPTURE(bad);
    CHECK(ranges(bad).empty());
    CHECK(ranges(std::string(bad) + "\nann:200000:10\n") == "200000+10 ");
  }
  CHECK(ranges("ann:4294967294:1") == "4294967294+1 ");
  CHECK(ranges("ann:100:50\nann:149:10\nann:90:11\nann:150:10\nann:100:50") == "100+50 150+10 ");
  CHECK(ranges(std::string("ann:100:50\0\nann:200:1", 21)) == "200+1 ");
  CHECK(ranges(std::string(1 << 20, ':')).empty());
}

TEST_CASE("the first free range is after everybody's") {
  CHECK(after_last_subordinate("") == 0);
  CHECK(after_last_subordinate("a:100000:65536\nb:300000:10\nbroken\nc:-1:99999999\nd:9223372036854775807:5\n") ==
        300010);
}
