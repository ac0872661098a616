#include "base/text.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

namespace creel {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    auto at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Cut cut(std::string_view text, char separator) {
  auto at = text.find(separator);
  if (at == std::string_view::npos) return {std::string(text), {}, false};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1)), true};
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string_view trim(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Result<std::int64_t> parse_int(std::string_view text, std::string_view what) {
  std::int64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || text.empty())
    return fail(Code::kInvalid, std::string(what) + ": \"" + std::string(text) + "\" is not a whole number");
  return value;
}

Result<std::int64_t> parse_size(std::string_view text, std::string_view what) {
  auto bad = [&] {
    return fail(Code::kInvalid,
                std::string(what) + ": \"" + std::string(text) + "\" is not a size like 512, 64k, 1.5g");
  };
  // By hand: strtod would take hexadecimal, "inf", exponents and the locale's comma.
  std::string_view rest = text;
  auto digits = [&rest] {
    const auto end = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const std::string_view out = rest.substr(0, end);
    rest.remove_prefix(end);
    return out;
  };
  const std::string_view whole = digits();
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = digits();
    if (fraction.empty()) return bad();
  }
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  int shift = 0;
  if (!rest.empty()) {
    const char first = static_cast<char>(rest[0] | 0x20);
    if (const auto power = std::string_view("kmgtp").find(first); power != std::string_view::npos) {
      shift = 10 * (static_cast<int>(power) + 1);
      rest.remove_prefix(1);
      if (rest.starts_with('i') || rest.starts_with('I')) rest.remove_prefix(1);
    }
    if (rest.starts_with('b') || rest.starts_with('B')) rest.remove_prefix(1);
  }
  if (!rest.empty()) return bad();
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(whole.data(), whole.data() + whole.size(), number);
  if (status != std::errc{} || end != whole.data() + whole.size()) return bad();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (number > kMax >> shift) return bad();
  number <<= shift;
  double part = 0;
  for (auto digit = fraction.rbegin(); digit != fraction.rend(); ++digit) part = (part + (*digit - '0')) / 10;
  const auto extra = static_cast<std::int64_t>(std::ldexp(part, shift));
  return number > kMax - extra ? kMax : number + extra;
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  std::size_t best = word.size() > 6 ? 4 : 3;
  std::string answer;
  for (const auto& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        std::size_t next = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1)});
        diagonal = row[j];
        row[j] = next;
      }
    }
    if (row.back() < best && row.back() < std::max<std::size_t>(word.size(), 1)) {
      best = row.back();
      answer = candidate;
    }
  }
  return answer;
}

std::string to_hex(const unsigned char* data, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out(size * 2, '0');
  for (std::size_t i = 0; i < size; ++i) {
    out[2 * i] = kDigits[data[i] >> 4];
    out[2 * i + 1] = kDigits[data[i] & 15];
  }
  return out;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  for (std::size_t done = 0; done < bytes;) {
    ssize_t n = ::getrandom(raw.data() + done, bytes - done, 0);
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  return to_hex(reinterpret_cast<const unsigned char*>(raw.data()), bytes);
}

std::int64_t now_ns() {
  timespec ts{};
  ::clock_gettime(CLOCK_REALTIME, &ts);
  return static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

std::string format_rfc3339(std::int64_t ns) {
  std::int64_t seconds = ns / 1'000'000'000, rest = ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  time_t t = static_cast<time_t>(seconds);
  tm parts{};
  ::gmtime_r(&t, &parts);
  char buffer[64];
  std::size_t n = ::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(buffer, n);
  if (rest != 0) {
    std::snprintf(buffer, sizeof buffer, ".%09d", static_cast<int>(rest));
    out += buffer;
    while (out.back() == '0') out.pop_back();
  }
  return out + "Z";
}

Result<std::int64_t> parse_rfc3339(std::string_view text) {
  auto bad = [&] {
    return fail(Code::kInvalid, "\"" + std::string(text.substr(0, 100)) + "\" is not a time like 2006-01-02T15:04:05Z");
  };
  // strptime would take blanks, signs and missing digits.
  std::string_view rest = text;
  bool good = true;
  auto number = [&](std::size_t width, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const char c = i < rest.size() ? rest[i] : '\0';
      good = good && c >= '0' && c <= '9';
      value = value * 10 + (c - '0');
      if (!good) return 0;
    }
    rest.remove_prefix(width);
    good = good && value >= least && value <= most;
    return value;
  };
  auto mark = [&](std::string_view any) {
    good = good && !rest.empty() && any.find(rest[0]) != std::string_view::npos;
    if (good) rest.remove_prefix(1);
  };
  const int year = number(4, 0, 9999);
  mark("-");
  const int month = number(2, 1, 12);
  mark("-");
  const int day = number(2, 1, 31);
  mark("Tt");
  const int hour = number(2, 0, 23);
  mark(":");
  const int minute = number(2, 0, 59);
  mark(":");
  const int second = number(2, 0, 60);
  if (!good) return bad();
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad();
  std::int64_t nanos = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const auto end = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (end == 0) return bad();
    std::int64_t unit = 100'000'000;
    for (std::size_t i = 0; i < end; ++i, unit /= 10) nanos += (rest[i] - '0') * unit;
    rest.remove_prefix(end);
  }
  std::int64_t offset = 0;
  if (rest.starts_with('+') || rest.starts_with('-')) {
    const int sign = rest[0] == '-' ? -1 : 1;
    rest.remove_prefix(1);
    offset = number(2, 0, 23) * 3600;
    mark(":");
    offset = sign * (offset + number(2, 0, 59) * 60);
  } else {
    mark("Zz");
  }
  if (!good || !rest.empty()) return bad();
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  // Images without a date say year 1: the nearest that 64 bits of nanoseconds hold (1677, 2262).
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (seconds >= std::numeric_limits<std::int64_t>::max() / kSecond) return std::numeric_limits<std::int64_t>::max();
  if (seconds <= std::numeric_limits<std::int64_t>::min() / kSecond) return std::numeric_limits<std::int64_t>::min();
  return seconds * kSecond + nanos;
}

}  // namespace creel
