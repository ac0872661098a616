#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/process.h"
#include "base/text.h"
#include "cmd/runtime/handlers.h"

namespace creel::cmd::runtime {

namespace {

// The lines of ps(1) whose PID column is one of ours; the header first.
Result<std::string> select_lines(const std::string& listing, const std::vector<pid_t>& pids) {
  const std::vector<std::string> lines = split(listing, '\n');
  const auto words = [](const std::string& line) {
    std::vector<std::string> out = split(line, ' ');
    std::erase(out, "");
    return out;
  };
  const std::vector<std::string> header = words(lines[0]);
  const auto column = static_cast<std::size_t>(std::find(header.begin(), header.end(), "PID") - header.begin());
  if (column == header.size()) return fail(Code::kInvalid, "ps: its options leave no PID column to select by");
  std::string out = lines[0] + "\n";
  for (const std::string& line : lines) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() <= column) continue;
    const auto pid = parse_int(fields[column], "pid");
    if (pid.ok() && std::find(pids.begin(), pids.end(), static_cast<pid_t>(*pid)) != pids.end()) out += line + "\n";
  }
  return out;
}

}  // namespace

void Ps::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "table or json").choices({"table", "json"});
}

Result<int> Ps::run(const Global& global) {
  if (format_ != "table" && format_ != "json")
    return fail(Code::kInvalid, "--format " + format_ + ": table or json is expected");
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  TRY_SET(const std::vector<pid_t> pids, instance.processes());
  if (format_ == "json") {
    print(nlohmann::json(pids).dump() + "\n");
    return 0;
  }
  std::vector<std::string> argv = {"ps"};
  argv.insert(argv.end(), arguments.begin() + 1, arguments.end());
  if (argv.size() == 1) argv.emplace_back("-ef");
  TRY_SET(const RunOutput listing, run_program(argv));
  if (listing.exit_code != 0) return fail(Code::kFailed, "ps: " + std::string(trim(listing.err)));
  TRY_SET(const std::string selected, select_lines(listing.out, pids));
  print(selected);
  return 0;
}

}  // namespace creel::cmd::runtime
