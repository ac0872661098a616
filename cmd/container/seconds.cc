#include "cmd/container/seconds.h"

#include <string>

namespace creel::cmd {

Result<unsigned> parse_seconds(std::int64_t value, std::string_view flag) {
  if (value < 0 || value > INT32_MAX) {
    return fail(Code::kInvalid, "invalid argument \"" + std::to_string(value) + "\" for \"" + std::string(flag) +
                                    "\" flag: a number of seconds between 0 and 2147483647 is expected");
  }
  return static_cast<unsigned>(value);
}

}  // namespace creel::cmd
