#include "cmd/container/preserve_flags.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "engine/runtime/child/descriptors.h"

namespace creel::cmd {

namespace {

constexpr std::int64_t kMost = 1024;
constexpr std::int64_t kFirst = 3;

Error not_available(std::int64_t fd, const std::string& flag) {
  return fail(Code::kInvalid, "file descriptor \"" + std::to_string(fd) + "\" is not available - the " + flag +
                                  " option requires that file descriptors must be passed");
}

std::int64_t number_in(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  const auto number = parse_int(text, name);
  return number.ok() ? *number : 0;
}

}  // namespace

void PreserveFlags::declare(Flags& flags) {
  flags.list("--preserve-fd", numbers_, "number", "Pass on this descriptor").csv();
  flags.integer("--preserve-fds", count_, "number", "Pass on that many descriptors, from 3 on");
}

Result<std::vector<std::uint32_t>> PreserveFlags::descriptors(int more) const {
  if (count_ < 0 || count_ > kMost) {
    return fail(Code::kInvalid, "--preserve-fds " + std::to_string(count_) + ": must be between 0 and " + std::to_string(kMost));
  }
  std::vector<std::uint32_t> out;
  const auto add = [&](std::int64_t fd, const std::string& flag) -> Result<void> {
    if (!engine::runtime::is_inherited(static_cast<int>(fd))) return not_available(fd, flag);
    out.push_back(static_cast<std::uint32_t>(fd));
    return {};
  };
  for (std::int64_t fd = kFirst; fd < kFirst + std::max<std::int64_t>(count_, more); ++fd) TRY(add(fd, "preserve-fds"));
  for (const std::string& text : numbers_) {
    TRY_SET(const std::int64_t fd, parse_int(text, "--preserve-fd"));
    if (fd < kFirst || fd > INT32_MAX) {
      return fail(Code::kInvalid, "--preserve-fd " + text + ": a descriptor from " + std::to_string(kFirst) + " on is expected");
    }
    TRY(add(fd, "preserve-fd"));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

int listen_fds() {
  if (number_in("LISTEN_PID") != getpid()) return 0;
  return static_cast<int>(std::clamp<std::int64_t>(number_in("LISTEN_FDS"), 0, kMost));
}

}  // namespace creel::cmd
