#include "engine/monitor/detach_keys.h"

#include <doctest/doctest.h>

#include "engine/monitor/client.h"

using namespace creel;
using namespace creel::engine::monitor;

namespace {

struct Scanned {
  std::string out;
  bool detached = false;
};
Scanned scan(const std::string& sequence, std::initializer_list<std::string> typed) {
  DetachScanner scanner(sequence);
  Scanned result;
  for (const std::string& piece : typed) {
    if (scanner.scan(piece, result.out)) {
      result.detached = true;
      break;
    }
  }
  return result;
}

}  // namespace

TEST_CASE("detach keys: what can be written") {
  CHECK(parse_detach_keys("ctrl-p,ctrl-q").value() == "\x10\x11");
  CHECK(parse_detach_keys("").value().empty());
  CHECK(parse_detach_keys("a").value() == "a");
  CHECK(parse_detach_keys("ctrl-@").value() == std::string(1, '\0'));
  CHECK(parse_detach_keys("ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_").value() == "\x1b\x1c\x1d\x1e\x1f");
  CHECK(parse_detach_keys("ctrl-A,x,ctrl-z").value() == "\x01x\x1a");
  for (const char* bad : {"nonsense-key", "ctrl-", "ctrl-1", "ctrl-ab", "a,,b", ",", "ctrl-p,", "ab"}) {
    CAPTURE(bad);
    auto parsed = parse_detach_keys(bad);
    REQUIRE(!parsed.ok());
    CHECK(parsed.error().code == Code::kInvalid);
  }
}

TEST_CASE("detach keys: found in what is typed, in whatever pieces it comes") {
  const std::string keys = "\x10\x11";
  CHECK(scan(keys, {keys}).detached);
  CHECK(scan(keys, {"\x10", "\x11"}).detached);
  Scanned after_text = scan(keys, {"abc\x10", "\x11 dropped"});
  CHECK(after_text.detached);
  CHECK(after_text.out == "abc");
  CHECK(scan(keys, {"\x10\x10\x11"}).out == "\x10");
  CHECK(scan(keys, {"\x10\x10\x11"}).detached);
}

TEST_CASE("detach keys: a beginning that goes on otherwise is the container's") {
  const std::string keys = "\x10\x11";
  Scanned other = scan(keys, {"\x10", "x", "\x11"});
  CHECK(!other.detached);
  CHECK(other.out == "\x10x\x11");
  CHECK(scan(keys, {"\x10"}).out.empty());
  CHECK(scan("aab", {"aaab"}).detached);
  CHECK(scan("aab", {"aaab"}).out == "a");
  CHECK(scan("abac", {"ababac"}).out == "ab");
  CHECK(scan("abac", {"ababac"}).detached);
}

TEST_CASE("detach keys: none") {
  const Scanned all = scan("", {"\x10\x11", std::string(1, '\0')});
  CHECK(!all.detached);
  CHECK(all.out == std::string("\x10\x11\0", 3));
}
