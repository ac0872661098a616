#include "engine/container/journal.h"

#include <doctest/doctest.h>

#include <vector>

using namespace creel;
using namespace creel::engine;

namespace {

std::string binary(const std::string& key, const std::string& value) {
  std::string out = key + "\n";
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>((value.size() >> shift) & 0xff);
  return out + value + "\n";
}

// In pieces of `size` bytes.
std::vector<JournalEntry> parsed(const std::string& text, std::size_t size) {
  JournalParser parser;
  std::vector<JournalEntry> out;
  for (std::size_t at = 0; at < text.size(); at += size) {
    auto more = parser.feed(std::string_view(text).substr(at, size), [&](const JournalEntry& entry) {
      out.push_back(entry);
      return true;
    });
    REQUIRE(more.ok());
  }
  return out;
}

}  // namespace

TEST_CASE("journal: entries of the export format, however they are cut") {
  const std::string bytes = std::string("a\0=\n\n", 5) + "b";
  const std::string text =
      "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1700000000123456\nPRIORITY=3\nMESSAGE=with = in it\n\n" +
      std::string("__REALTIME_TIMESTAMP=1700000000123457\nPRIORITY=6\nCONTAINER_PARTIAL_MESSAGE=true\n") +
      binary("MESSAGE", bytes) + "\n" + "__REALTIME_TIMESTAMP=1700000000123458\nCREEL_RUN_ENDED=77\nMESSAGE=\n\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, text.size()}) {
    const auto entries = parsed(text, size);
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].time_ns == 1700000000123456000);
    CHECK(entries[0].is_stderr);
    CHECK(entries[0].message == "with = in it");
    CHECK(entries[1].message == bytes);
    CHECK(entries[1].partial);
    CHECK_FALSE(entries[1].is_stderr);
    CHECK(entries[2].ended_run_ns == 77);
    CHECK(entries[2].message.empty());
  }
}

TEST_CASE("journal: an entry that is not whole is none; who wants no more gets no more") {
  CHECK(parsed("MESSAGE=cut off\n", 100).empty());
  JournalParser parser;
  int seen = 0;
  auto more = parser.feed("MESSAGE=1\n\nMESSAGE=2\n\n", [&](const JournalEntry&) { return ++seen < 1; });
  REQUIRE(more.ok());
  CHECK_FALSE(*more);
  CHECK(seen == 1);
}
