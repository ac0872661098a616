#include "cmd/system/doctor.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/output/output.h"
#include "cmd/output/tabwriter.h"
#include "engine/doctor/doctor.h"

namespace creel::cmd {
namespace {

using engine::Finding;
using engine::Health;
using nlohmann::json;

json document(const engine::HostReport& report) {
  json checks = json::array();
  for (const Finding& finding : report.findings) {
    checks.push_back({{"name", finding.name},
                      {"status", engine::to_string(finding.health)},
                      {"found", finding.found},
                      {"lost", finding.lost},
                      {"cure", finding.cure}});
  }
  return {{"runs", report.runs()}, {"checks", std::move(checks)}};
}

std::string text(const engine::HostReport& report) {
  std::string table = "CHECK\tRESULT\tFOUND\n";
  std::string troubles;
  for (const Finding& finding : report.findings) {
    table += finding.name + "\t" + engine::to_string(finding.health) + "\t" + finding.found + "\n";
    if (finding.lost.empty()) continue;
    troubles += "\n" + finding.name + ": " + finding.found + "\n  lost: " + finding.lost + "\n";
    if (!finding.cure.empty()) troubles += "  cure: " + finding.cure + "\n";
  }
  return align_columns(table) + troubles + "\ncreel run " + (report.runs() ? "works" : "does not work") +
         " on this host\n";
}

}  // namespace

void DoctorCommand::declare(Flags& flags) {
  flags.flag("--json", json_, "Print what was found as JSON");
}

Result<int> DoctorCommand::run(Context& context) {
  const engine::HostReport report = engine::examine_host(context.global);
  std::fputs((json_ ? indented(document(report)) + "\n" : text(report)).c_str(), stdout);
  return report.runs() ? 0 : 1;
}

}  // namespace creel::cmd
