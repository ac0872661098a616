#include "cmd/container/ps_text.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <tuple>

#include "base/text.h"
#include "cmd/output/size.h"
#include "cmd/output/output.h"

namespace creel::cmd {
namespace {

using engine::monitor::Status;

constexpr std::size_t kCommandWidth = 17;

std::string range_text(unsigned first, unsigned count) {
  return std::to_string(first) + (count > 1 ? "-" + std::to_string(first + count - 1) : "");
}

std::string health_text(engine::monitor::Health health) {
  return health == engine::monitor::Health::kNone ? std::string() : std::string(" (") + to_string(health) + ")";
}

}  // namespace

std::string status_text(const engine::monitor::Observed& observed, std::int64_t now) {
  switch (observed.status) {
    case Status::kCreated:
      return "Created";
    case Status::kInitialized:
      return "Initialized";
    case Status::kRunning:
      return (observed.state ? "Up " + human_duration(now - observed.state->started_ns) : "Up") + health_text(observed.health);
    case Status::kPaused:
      return "Paused";
    case Status::kRestarting:
    case Status::kExited:
      break;
  }
  std::string text = observed.status == Status::kRestarting ? "Restarting (" : "Exited (";
  text += std::to_string(observed.exit ? observed.exit->code : 0) + ")";
  // After a crash nobody knows when it was.
  if (observed.exit && observed.exit->finished_ns > 0) {
    text += " " + human_duration(now - observed.exit->finished_ns) + " ago";
  }
  return text;
}

std::string size_column(const engine::ContainerSize& size) {
  return size_text(size.written) + " (virtual " + size_text(size.whole) + ")";
}

std::string command_text(const std::vector<std::string>& words, bool whole) {
  std::string text = join(words, " ");
  if (!whole && text.size() > kCommandWidth) {
    // Not through the middle of a character.
    std::size_t end = kCommandWidth;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end) + "...";
  }
  // A line of a table is a line, whatever the command holds.
  for (char& c : text) {
    if (c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v') c = ' ';
  }
  return text;
}

std::vector<PortRange> port_ranges(std::vector<net::PortMapping> ports) {
  const auto order = [](const net::PortMapping& port) {
    return std::tie(port.host_ip, port.protocol, port.host_port, port.container_port);
  };
  std::sort(ports.begin(), ports.end(),
            [&](const net::PortMapping& a, const net::PortMapping& b) { return order(a) < order(b); });
  std::vector<PortRange> ranges;
  for (net::PortMapping& port : ports) {
    if (!ranges.empty()) {
      PortRange& last = ranges.back();
      if (last.first.host_ip == port.host_ip && last.first.protocol == port.protocol &&
          last.first.host_port + last.count == port.host_port &&
          last.first.container_port + last.count == port.container_port) {
        ++last.count;
        continue;
      }
    }
    ranges.push_back({std::move(port)});
  }
  return ranges;
}

std::string ports_text(const std::vector<PortRange>& ranges) {
  std::string text;
  for (const PortRange& range : ranges) {
    if (!text.empty()) text += ", ";
    text += range.first.host_ip.empty() ? "0.0.0.0" : range.first.host_ip;
    text += ":" + range_text(range.first.host_port, range.count) + "->" +
            range_text(range.first.container_port, range.count) + "/" + range.first.protocol;
  }
  return text;
}

std::string go_time(std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  std::string out(text, size);
  if (const auto fraction = ns % 1'000'000'000; fraction != 0) {
    char digits[16];
    std::snprintf(digits, sizeof digits, ".%09lld", static_cast<long long>(fraction));
    out += digits;
    out.erase(out.find_last_not_of('0') + 1);
  }
  char zone[32];
  return out + std::string(zone, std::strftime(zone, sizeof zone, " %z %Z", &local));
}

}  // namespace creel::cmd
