#include "engine/container/process_reader.h"

#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "base/file.h"
#include "base/text.h"

namespace creel::engine {

namespace {

constexpr std::size_t kLimit = 1 << 20;
constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t ticks_to_ns(std::int64_t ticks) {
  static const std::int64_t per_second = sysconf(_SC_CLK_TCK);
  return ticks / per_second * kSecond + ticks % per_second * kSecond / per_second;
}

// Unix98 ptys have the majors 136 to 143; devpts shows the container's by these numbers, too.
std::string terminal_name(unsigned long number) {
  const unsigned kind = major(number);
  if (kind >= 136 && kind <= 143) return "pts/" + std::to_string((kind - 136) * 256 + minor(number));
  if (kind == 4) return "tty" + std::to_string(minor(number));
  return "?";
}

bool read_stat(const std::string& dir, const Moment& moment, RawProcess& out) {
  auto text = read_file(dir + "stat", kLimit);
  if (!text.ok()) return false;
  // The name is the process's own choice, and may have any character in it.
  const std::size_t open = text->find('('), close = text->rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return false;
  ProcessInfo& info = out.info;
  info.name = text->substr(open + 1, close - open - 1);
  std::istringstream fields(text->substr(close + 1));
  std::vector<std::string> values;
  for (std::string word; fields >> word;) values.push_back(word);
  // values[0] is field 3, the state.
  constexpr std::size_t kFirst = 3, kParent = 4, kTerminal = 7, kUser = 14, kSystem = 15, kNice = 19, kStart = 22, kVirtual = 23, kResident = 24;
  if (values.size() <= kResident - kFirst) return false;
  const auto number = [&](std::size_t field) { return std::strtoll(values[field - kFirst].c_str(), nullptr, 10); };
  info.state = values[0];
  out.host_parent = static_cast<pid_t>(number(kParent));
  info.terminal = terminal_name(static_cast<unsigned long>(number(kTerminal)));
  info.cpu_ns = ticks_to_ns(number(kUser) + number(kSystem));
  info.nice = number(kNice);
  info.elapsed_ns = std::max<std::int64_t>(moment.uptime_ns - ticks_to_ns(number(kStart)), 0);
  info.started_ns = moment.now_ns - info.elapsed_ns;
  info.virtual_kib = static_cast<std::uint64_t>(number(kVirtual)) / 1024;
  info.resident_kib = static_cast<std::uint64_t>(number(kResident)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
  return true;
}

std::vector<std::uint32_t> numbers_of(const std::string& text) {
  std::vector<std::uint32_t> out;
  std::istringstream words(text);
  for (std::uint32_t number = 0; words >> number;) out.push_back(number);
  return out;
}

bool read_status(const std::string& dir, RawProcess& out) {
  auto text = read_file(dir + "status", kLimit);
  if (!text.ok()) return false;
  for (const std::string& line : split(*text, '\n')) {
    const Cut parts = cut(line, ':');
    if (!parts.found) continue;
    if (parts.before == "Uid" || parts.before == "Gid") {
      const std::vector<std::uint32_t> ids = numbers_of(parts.after);
      if (ids.size() < 2) return false;
      (parts.before == "Uid" ? out.real_uid : out.real_gid) = ids[0];
      (parts.before == "Uid" ? out.uid : out.gid) = ids[1];
    } else if (parts.before == "Groups") {
      out.groups = numbers_of(parts.after);
    } else if (parts.before == "NSpid" || parts.before == "NSpgid") {
      const std::vector<std::uint32_t> ids = numbers_of(parts.after);
      if (ids.empty()) return false;
      (parts.before == "NSpid" ? out.info.pid : out.info.group) = static_cast<pid_t>(ids.back());
    } else if (parts.before == "Seccomp") {
      out.info.seccomp = std::atoi(parts.after.c_str());
    } else if (parts.before.starts_with("Cap")) {
      static constexpr std::array<std::string_view, 5> kSets = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
      const auto* set = std::find(kSets.begin(), kSets.end(), parts.before);
      if (set != kSets.end()) {
        out.info.capabilities[static_cast<std::size_t>(set - kSets.begin())] = std::strtoull(parts.after.c_str(), nullptr, 16);
      }
    }
  }
  return true;
}

// One line, whatever it has been given.
std::string command_line(const std::string& dir, const std::string& name) {
  auto text = read_file(dir + "cmdline", kLimit);
  std::string out = text.ok() ? *text : std::string();
  while (!out.empty() && out.back() == '\0') out.pop_back();
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return out.empty() ? "[" + name + "]" : out;
}

}  // namespace

Moment Moment::now() {
  timespec up{};
  clock_gettime(CLOCK_BOOTTIME, &up);
  return {up.tv_sec * kSecond + up.tv_nsec, creel::now_ns()};
}

std::optional<RawProcess> read_process(pid_t pid, const Moment& moment) {
  const std::string dir = "/proc/" + std::to_string(pid) + "/";
  RawProcess out;
  out.info.host_pid = pid;
  if (!read_stat(dir, moment, out) || !read_status(dir, out)) return std::nullopt;
  for (char& c : out.info.name) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  out.info.command_line = command_line(dir, out.info.name);
  auto label = read_file(dir + "attr/current", 4096);
  if (label.ok()) out.info.label = label->substr(0, label->find_first_of(std::string("\0\n", 2)));
  if (out.info.label.empty()) out.info.label = "?";
  return out;
}

}  // namespace creel::engine
