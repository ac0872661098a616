#include "base/text.h"

#include <doctest/doctest.h>

#include <limits>
#include <set>

using namespace creel;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

TEST_CASE("split, cut, join, trim") {
  CHECK(split("a::b", ':') == std::vector<std::string>{"a", "", "b"});
  CHECK(split("", ':') == std::vector<std::string>{""});
  CHECK(cut("a=b=c", '=').before == "a");
  CHECK(cut("a=b=c", '=').after == "b=c");
  CHECK(!cut("abc", '=').found);
  CHECK(cut("abc=", '=').found);
  CHECK(join({"a", "b"}, ", ") == "a, b");
  CHECK(join({}, ", ").empty());
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n").empty());
}

TEST_CASE("whole numbers, at their limits") {
  CHECK(*parse_int("9223372036854775807", "n") == kMax);
  CHECK(*parse_int("-9223372036854775808", "n") == kMin);
  CHECK(*parse_int("007", "n") == 7);
  for (const char* bad : {"", " 1", "1 ", "+1", "0x1", "1.0", "9223372036854775808", "-", "1e3"}) {
    CAPTURE(bad);
    CHECK(!parse_int(bad, "n").ok());
  }
  CHECK(parse_int("x", "--cpus").error().text.rfind("--cpus: ", 0) == 0);
}

TEST_CASE("sizes") {
  CHECK(*parse_size("0", "s") == 0);
  CHECK(*parse_size("512", "s") == 512);
  CHECK(*parse_size("512b", "s") == 512);
  CHECK(*parse_size("64k", "s") == 65536);
  CHECK(*parse_size("64K", "s") == 65536);
  CHECK(*parse_size("2GB", "s") == 2LL << 30);
  CHECK(*parse_size("2 GiB", "s") == 2LL << 30);
  CHECK(*parse_size("1.5GiB", "s") == 3LL << 29);
  CHECK(*parse_size("0.5k", "s") == 512);
  CHECK(*parse_size("1t", "s") == 1LL << 40);
  CHECK(*parse_size("8191p", "s") == 8191LL << 50);
  // A double would have lost the last digit.
  CHECK(*parse_size("9007199254740993", "s") == 9007199254740993);
  CHECK(*parse_size("9223372036854775807", "s") == kMax);
  for (const std::string bad : {"",
                                "k",
                                "-1",
                                "+1",
                                " 1",
                                "\t1",
                                "1  k",
                                "0x10",
                                "1e3",
                                "inf",
                                "nan",
                                "1,5k",
                                "1.",
                                ".",
                                "1.k",
                                "1kk",
                                "1x",
                                "1ki1",
                                "9223372036854775808",
                                "8192p",
                                "99999999999999999999999999",
                                "1k "}) {
    CAPTURE(bad);
    auto size = parse_size(bad, "--memory");
    REQUIRE(!size.ok());
    CHECK(size.error().code == Code::kInvalid);
  }
  CHECK(!parse_size(std::string_view("5\0k", 3), "s").ok());
}

TEST_CASE("times go round") {
  CHECK(format_rfc3339(0) == "1970-01-01T00:00:00Z");
  CHECK(format_rfc3339(1764018706123456789) == "2025-11-24T21:11:46.123456789Z");
  CHECK(format_rfc3339(1764018706120000000) == "2025-11-24T21:11:46.12Z");
  CHECK(format_rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
  for (std::int64_t ns : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1764018706123456789}, now_ns(),
                          std::int64_t{-1'000'000'000}, kMax / 1'000'000'000 * 1'000'000'000 - 1}) {
    auto back = parse_rfc3339(format_rfc3339(ns));
    REQUIRE(back.ok());
    CHECK(*back == ns);
  }
  CHECK(*parse_rfc3339("2025-11-24T22:41:46.5+01:30") == *parse_rfc3339("2025-11-24T21:11:46.5Z"));
  CHECK(*parse_rfc3339("2025-11-24T20:11:46-01:00") == *parse_rfc3339("2025-11-24T21:11:46z"));
  CHECK(*parse_rfc3339("1970-01-01T00:00:00.0000000019Z") == 1);
  CHECK(*parse_rfc3339("2024-02-29T00:00:00Z") == 1709164800'000'000'000);
}

TEST_CASE("times that an image config may hold and 64 bits may not") {
  CHECK(*parse_rfc3339("0001-01-01T00:00:00Z") == kMin);
  CHECK(*parse_rfc3339("9999-12-31T23:59:59.999999999Z") == kMax);
  CHECK(!format_rfc3339(kMin).empty());
  CHECK(!format_rfc3339(kMax).empty());
}

TEST_CASE("what is no time") {
  for (const char* bad : {"", "2025-11-24", "2025-11-24T21:11:46", "2025-11-24T21:11:46Zx", "2025-11-24T21:11:46+01",
                          "2025-11-24T21:11:46+01:00x", "2025-11-24T21:11:46+-1:00", "2025-11-24T21:11:46+99:00",
                          "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-1-2T3:4:5Z", " 2025-11-24T21:11:46Z",
                          "2025-11-24T24:00:00Z", "2025-11-24T21:11:46.Z", "-025-11-24T21:11:46Z"}) {
    CAPTURE(bad);
    CHECK(!parse_rfc3339(bad).ok());
  }
}

TEST_CASE("did you mean") {
  const std::vector<std::string> commands = {"run", "rm", "images", "inspect"};
  CHECK(closest("imgaes", commands) == "images");
  CHECK(closest("inspcet", commands) == "inspect");
  CHECK(closest("frobnicate", commands).empty());
  CHECK(closest("", commands).empty());
}

TEST_CASE("random hex is long enough, and another each time") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string hex = random_hex(16);
    CHECK(hex.size() == 32);
    CHECK(hex.find_first_not_of("0123456789abcdef") == std::string::npos);
    seen.insert(hex);
  }
  CHECK(seen.size() == 100);
}
