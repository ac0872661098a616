#include "cmd/system/host_info.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cmd/system/build_info.h"

namespace creel::cmd {
namespace {

using nlohmann::json;

std::string file_text(const std::string& path) {
  auto text = read_file(path, 1 << 20);
  return text ? std::string(trim(*text)) : std::string();
}

// /etc/os-release: KEY=value or KEY="value".
json distribution() {
  json out = {{"distribution", "unknown"}, {"version", ""}};
  for (const std::string& line : split(file_text("/etc/os-release"), '\n')) {
    const Cut pair = cut(line, '=');
    std::string value = pair.after;
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (pair.before == "ID") out["distribution"] = value;
    if (pair.before == "VERSION_ID") out["version"] = value;
    if (pair.before == "VERSION_CODENAME") out["codename"] = value;
    if (pair.before == "VARIANT_ID") out["variant"] = value;
  }
  return out;
}

std::int64_t meminfo(const std::string& text, std::string_view key) {
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
    std::string_view rest = trim(std::string_view(line).substr(key.size() + 1));
    rest = rest.substr(0, rest.find(' '));
    auto kib = parse_int(rest, "memory");
    return kib ? *kib * 1024 : 0;
  }
  return 0;
}

json cpu_utilization() {
  const std::string stat = file_text("/proc/stat");
  std::vector<double> ticks;
  for (const std::string& word : split(stat.substr(0, stat.find('\n')), ' ')) {
    auto number = parse_int(word, "ticks");
    if (number) ticks.push_back(static_cast<double>(*number));
  }
  double total = 0;
  for (const double value : ticks) total += value;
  if (ticks.size() < 4 || total <= 0) return json::object();
  const auto percent = [&](double value) {
    return static_cast<double>(static_cast<int>(value / total * 10000 + 0.5)) / 100;
  };
  return {{"userPercent", percent(ticks[0])}, {"systemPercent", percent(ticks[2])}, {"idlePercent", percent(ticks[3])}};
}

std::string uptime(long seconds) {
  const long hours = seconds / 3600;
  return std::to_string(hours) + "h " + std::to_string(seconds % 3600 / 60) + "m " + std::to_string(seconds % 60) +
         ".00s" + (hours >= 24 ? " (Approximately " + std::to_string(hours / 24) + " days)" : "");
}

}  // namespace

json host_document() {
  struct utsname names {};
  uname(&names);
  struct sysinfo system {};
  sysinfo(&system);
  const std::string memory = file_text("/proc/meminfo");
  return {{"arch", image_architecture()},
          {"cpuUtilization", cpu_utilization()},
          {"cpus", sysconf(_SC_NPROCESSORS_ONLN)},
          {"databaseBackend", "sqlite"},
          {"distribution", distribution()},
          {"eventLogger", "none"},
          {"hostname", names.nodename},
          {"kernel", names.release},
          {"linkmode", "dynamic"},
          {"logDriver", "k8s-file"},
          {"memFree", meminfo(memory, "MemFree")},
          {"memTotal", meminfo(memory, "MemTotal")},
          {"networkBackend", "slirp4netns"},
          {"os", "linux"},
          {"rootlessNetworkCmd", "slirp4netns"},
          {"security",
           {{"apparmorEnabled", false},
            {"capabilities", ""},
            {"seccompEnabled", true},
            {"seccompProfilePath", "built in"},
            {"selinuxEnabled", false}}},
          {"serviceIsRemote", false},
          {"swapFree", meminfo(memory, "SwapFree")},
          {"swapTotal", meminfo(memory, "SwapTotal")},
          {"uptime", uptime(system.uptime)},
          {"variant", ""}};
}

}  // namespace creel::cmd
