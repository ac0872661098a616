#include "cmd/container/top_columns.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/text.h"
#include "cmd/output/output.h"
#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"

namespace creel::cmd {

namespace {

using engine::ProcessInfo;

// "CHOWN,KILL", "full", "none".
std::string capabilities(std::uint64_t set) {
  const std::vector<std::string> names = engine::runtime::all_capabilities();
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if ((set >> engine::runtime::capability_number(name) & 1) != 0) out.push_back(name.substr(4));
  }
  if (out.empty()) return "none";
  return out.size() == names.size() ? "full" : join(out, ",");
}

std::string percentage(const ProcessInfo& p) {
  const double share = p.elapsed_ns > 0 ? 100.0 * static_cast<double>(p.cpu_ns) / static_cast<double>(p.elapsed_ns) : 0;
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", share);
  return text;
}

// "2026-11-28 04:06:10 +0000 UTC"
std::string start_time(const ProcessInfo& p) {
  const std::time_t seconds = p.started_ns / 1'000'000'000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", &parts));
}

std::string duration(std::int64_t ns) { return go_duration(static_cast<std::uint64_t>(ns)); }

std::string seccomp_mode(const ProcessInfo& p) { return p.seccomp == 0 ? "disabled" : p.seccomp == 1 ? "strict" : "filter"; }

template <ProcessInfo::Set set>
std::string capabilities_of(const ProcessInfo& p) {
  return capabilities(p.capabilities[set]);
}

}  // namespace

const std::vector<TopColumn>& top_columns() {
  using P = const ProcessInfo&;
  static const std::vector<TopColumn> all = {
      {"args", "%a", "COMMAND", [](P p) { return p.command_line; }},
      {"capamb", nullptr, "AMBIENT CAPS", capabilities_of<ProcessInfo::kAmbient>},
      {"capbnd", nullptr, "BOUNDING CAPS", capabilities_of<ProcessInfo::kBounding>},
      {"capeff", nullptr, "EFFECTIVE CAPS", capabilities_of<ProcessInfo::kEffective>},
      {"capinh", nullptr, "INHERITED CAPS", capabilities_of<ProcessInfo::kInheritable>},
      {"capprm", nullptr, "PERMITTED CAPS", capabilities_of<ProcessInfo::kPermitted>},
      {"comm", "%c", "COMMAND", [](P p) { return p.name; }},
      {"etime", "%t", "ELAPSED", [](P p) { return duration(p.elapsed_ns); }},
      {"group", "%G", "GROUP", [](P p) { return p.group_name; }},
      {"groups", nullptr, "GROUPS", [](P p) { return p.groups; }},
      {"hgroup", nullptr, "HGROUP", [](P p) { return p.host_group; }},
      {"hgroups", nullptr, "HGROUPS", [](P p) { return p.host_groups; }},
      {"hpid", nullptr, "HPID", [](P p) { return std::to_string(p.host_pid); }},
      {"huser", nullptr, "HUSER", [](P p) { return p.host_user; }},
      {"label", nullptr, "LABEL", [](P p) { return p.label; }},
      {"nice", "%n", "NI", [](P p) { return std::to_string(p.nice); }},
      {"pcpu", "%C", "%CPU", percentage},
      {"pgid", "%r", "PGID", [](P p) { return std::to_string(p.group); }},
      {"pid", "%p", "PID", [](P p) { return std::to_string(p.pid); }},
      {"ppid", "%P", "PPID", [](P p) { return std::to_string(p.parent); }},
      {"rgroup", "%g", "RGROUP", [](P p) { return p.real_group; }},
      {"rss", nullptr, "RSS", [](P p) { return std::to_string(p.resident_kib); }},
      {"ruser", "%u", "RUSER", [](P p) { return p.real_user; }},
      {"seccomp", nullptr, "SECCOMP", seccomp_mode},
      {"state", nullptr, "STATE", [](P p) { return p.state; }},
      {"stime", nullptr, "STIME", start_time},
      {"time", "%x", "TIME", [](P p) { return duration(p.cpu_ns); }},
      {"tty", "%y", "TTY", [](P p) { return p.terminal; }},
      {"user", "%U", "USER", [](P p) { return p.user; }},
      {"vsz", "%z", "VSZ", [](P p) { return std::to_string(p.virtual_kib); }},
  };
  return all;
}

std::optional<std::vector<const TopColumn*>> chosen_columns(const std::vector<std::string>& words) {
  static const std::vector<std::string> usual = {"user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args"};
  std::vector<const TopColumn*> out;
  for (const std::string& word : words.empty() ? usual : words) {
    for (const std::string& name : split(word, ',')) {
      const auto& all = top_columns();
      const auto found = std::find_if(all.begin(), all.end(), [&](const TopColumn& one) {
        return name == one.name || (one.code != nullptr && name == one.code);
      });
      if (found == all.end()) return std::nullopt;
      out.push_back(&*found);
    }
  }
  return out;
}

}  // namespace creel::cmd
