#include "base/timing.h"

#include <doctest/doctest.h>

using namespace creel;

TEST_CASE("timing: nothing is kept until it is enabled; then marks of two processes stand in the order of time") {
  timing::mark("before");
  timing::enable();
  timing::mark("first");
  const std::string other = timing::line("second, of another");
  timing::mark("third");
  timing::merge(other + "no number\n");
  const std::string report = timing::report();
  timing::enabled = false;
  CHECK(report.find("before") == std::string::npos);
  CHECK(report.find("no number") == std::string::npos);
  const std::size_t first = report.find("first"), second = report.find("second, of another"),
                    third = report.find("third");
  REQUIRE(third != std::string::npos);
  CHECK(first < second);
  CHECK(second < third);
}
