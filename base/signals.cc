#include "base/signals.h"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstring>
#include <tuple>

#include "base/text.h"

namespace creel {

namespace {

// The kernel's numbers: glibc keeps 32 and 33 for itself, users count from 34.
constexpr int kFirstRealtime = 34;
constexpr int kLastRealtime = 64;

}  // namespace

std::string signal_name(int number) {
  if (const char* name = sigabbrev_np(number)) return std::string("SIG") + name;
  if (number == kFirstRealtime) return "SIGRTMIN";
  if (number == kLastRealtime) return "SIGRTMAX";
  if (number > kFirstRealtime && number < kLastRealtime) return "SIGRTMIN+" + std::to_string(number - kFirstRealtime);
  return std::to_string(number);
}

Result<int> parse_signal(const std::string& text) {
  auto bad = [&] { return fail(Code::kInvalid, "invalid signal: " + text); };
  if (auto number = parse_int(text, "signal"); number.ok()) {
    if (*number < 1 || *number > kLastRealtime) return bad();
    return static_cast<int>(*number);
  }
  std::string name = text;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (name.rfind("SIG", 0) == 0) name.erase(0, 3);
  if (name == "CLD") name = "CHLD";
  if (name == "IOT") name = "ABRT";
  for (int number = 1; number < 32; ++number) {
    const char* abbreviation = sigabbrev_np(number);
    if (abbreviation && name == abbreviation) return number;
  }
  for (const auto& [prefix, base, sign] :
       {std::tuple{"RTMIN", kFirstRealtime, '+'}, std::tuple{"RTMAX", kLastRealtime, '-'}}) {
    if (name.rfind(prefix, 0) != 0) continue;
    if (name.size() == 5) return base;
    if (name[5] != sign) return bad();
    auto offset = parse_int(std::string_view(name).substr(6), "signal");
    if (!offset.ok() || *offset < 0 || *offset > kLastRealtime - kFirstRealtime) return bad();
    return sign == '+' ? base + static_cast<int>(*offset) : base - static_cast<int>(*offset);
  }
  return bad();
}

}  // namespace creel
