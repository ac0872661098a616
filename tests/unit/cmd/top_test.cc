#include <doctest/doctest.h>

#include "cmd/container/top.h"
#include "cmd/container/top_columns.h"

using namespace creel::cmd;
using creel::engine::ProcessInfo;

namespace {

std::string headers(const std::vector<std::string>& words) {
  const auto columns = chosen_columns(words);
  if (!columns) return "none";
  std::string out;
  for (const TopColumn* column : *columns) out += std::string(column->header) + "|";
  return out;
}

std::string shown(const std::string& name, const ProcessInfo& process) { return chosen_columns({name})->front()->text(process); }

}  // namespace

TEST_CASE("top: columns by names and codes, apart or with commas; anything else is for ps") {
  CHECK(headers({}) == "USER|PID|PPID|%CPU|ELAPSED|TTY|TIME|COMMAND|");
  CHECK(headers({"pid,comm", "%C"}) == "PID|COMMAND|%CPU|");
  CHECK(headers({"aux"}) == "none");
  CHECK(headers({"pid", "-o"}) == "none");
  CHECK(headers({""}) == "none");
}

TEST_CASE("top: what columns show") {
  ProcessInfo process;
  process.cpu_ns = 1'500'000'000;
  process.elapsed_ns = 60'000'000'000;
  process.capabilities[ProcessInfo::kEffective] = 1u | 1u << 5;
  process.seccomp = 2;
  CHECK(shown("pcpu", process) == "2.500");
  CHECK(shown("time", process) == "1.5s");
  CHECK(shown("etime", process) == "1m0s");
  CHECK(shown("capeff", process) == "CHOWN,KILL");
  CHECK(shown("capbnd", process) == "none");
  process.capabilities[ProcessInfo::kBounding] = ~std::uint64_t{0};
  CHECK(shown("capbnd", process) == "full");
  CHECK(shown("seccomp", process) == "filter");
  process.elapsed_ns = 0;
  CHECK(shown("pcpu", process) == "0.000");
}

TEST_CASE("top: the line of ps itself is left out of what ps says") {
  CHECK(without_ps("PID COMMAND\n 1 sh\n 7 ps -o pid,args\n", {"-o", "pid,args"}) == "PID COMMAND\n 1 sh\n");
  CHECK(without_ps("no newline", {"x"}) == "no newline\n");
  CHECK(without_ps("", {}).empty());
}
