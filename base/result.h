// Errors as values. Thread-safe (plain values). No allocation on success.
//
// Result<T> is what std::expected<T, Error> would be; clang 14's tools cannot read gcc 12's <expected>.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace creel {

// What kind of failure it is; cmd/ chooses the exit code from it.
enum class Code : std::uint8_t {
  kFailed,         // anything without a more precise kind
  kInvalid,        // bad input: a malformed reference, flag value, file
  kNotFound,       // no such container, image, volume, file
  kExists,         // the name is in use
  kInUse,          // the object is used by another, or is in the wrong state
  kUnavailable,    // the host lacks something: no subordinate IDs, no /dev/net/tun
  kDenied,         // authentication or permission
  kUnsupported,    // known, but not built
  kCannotInvoke,   // the container's command exists but cannot be executed (exit code 126)
  kCommandAbsent,  // the container's command does not exist (exit code 127)
};

struct Error {
  Code code = Code::kFailed;
  int err = 0;       // errno where a system call failed, else 0
  std::string text;  // "what was attempted, on what: why"; lower case, no full stop
  std::string hint;  // the cure, where known; a sentence shown on its own line

  // Adds what the caller was doing in front: "outer: inner".
  Error within(std::string_view outer) && {
    text = std::string(outer) + ": " + text;
    return std::move(*this);
  }
  Error with_hint(std::string_view cure) && {
    hint = cure;
    return std::move(*this);
  }
};

// "what: strerror(errno)" with the errno of the call that just failed.
[[nodiscard]] Error errno_error(std::string_view what);
[[nodiscard]] Error errno_error(std::string_view what, int err);
[[nodiscard]] inline Error fail(Code code, std::string text) { return Error{code, 0, std::move(text), {}}; }

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  void value() const {}
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace creel

#define CREEL_CAT_(a, b) a##b
#define CREEL_CAT(a, b) CREEL_CAT_(a, b)
// TRY(expr): returns the error of a Result, else goes on.
#define TRY(expr)                                                    \
  do {                                                               \
    if (auto try_result = (expr); !try_result.ok()) {                \
      return std::move(try_result).error();                          \
    }                                                                \
  } while (0)
// TRY_SET(auto x, expr): returns the error, else x = the value.
#define TRY_SET(decl, expr) TRY_SET_(CREEL_CAT(try_set_, __LINE__), decl, expr)
#define TRY_SET_(tmp, decl, expr)                       \
  auto tmp = (expr);                                    \
  if (!tmp.ok()) return std::move(tmp).error();         \
  decl = std::move(tmp).value()
