#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace creel {

Error errno_error(std::string_view what, int err) {
  Error error;
  error.err = err;
  // Not strerror(3): nobody translates, and an error that is only looked at is to cost nothing.
  const char* const why = ::strerrordesc_np(err);
  error.text.assign(what).append(": ").append(why != nullptr ? why : "Unknown error " + std::to_string(err));
  if (err == ENOENT) error.code = Code::kNotFound;
  if (err == EACCES || err == EPERM) error.code = Code::kDenied;
  if (err == ENOSPC || err == EDQUOT) error.hint = "free some space, or run `creel rmi` on images that are not needed";
  return error;
}

Error errno_error(std::string_view what) {
  return errno_error(what, errno);
}

}  // namespace creel
