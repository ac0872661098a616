// The encoding of what crosses a process boundary: little-endian numbers, length-prefixed strings. Both ends are the same
// version; the reader still trusts nothing and stops at the first thing out of bounds.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"

namespace creel::engine::runtime {

class Writer {
 public:
  template <typename T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void put(T number) {
    char raw[sizeof(T)];
    std::memcpy(raw, &number, sizeof(T));
    out_.append(raw, sizeof(T));
  }
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }
  void put(const std::string& text) { put(std::string_view(text)); }
  template <typename T>
  void put(const std::vector<T>& list) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const T& item : list) put(item);
  }
  template <typename T>
  void put(const std::optional<T>& maybe) {
    put(maybe.has_value());
    if (maybe) put(*maybe);
  }
  template <typename A, typename B>
  void put(const std::pair<A, B>& both) {
    put(both.first);
    put(both.second);
  }
  // A struct: found by argument-dependent lookup of fields(archive, value).
  template <typename T>
    requires std::is_class_v<T>
  void put(const T& value) {
    fields(*this, const_cast<T&>(value));
  }
  template <typename... T>
  void all(T&... each) {
    (put(each), ...);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void get(T& number) {
    if (rest_.size() < sizeof(T)) return spoil();
    std::memcpy(&number, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
  }
  void get(std::string& text) {
    std::uint32_t size = 0;
    get(size);
    if (rest_.size() < size) return spoil();
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  template <typename T>
  void get(std::vector<T>& list) {
    std::uint32_t count = 0;
    get(count);
    // Every item takes a byte at least.
    if (count > rest_.size()) return spoil();
    list.clear();
    for (std::uint32_t i = 0; i < count && !spoiled_; ++i) get(list.emplace_back());
  }
  template <typename T>
  void get(std::optional<T>& maybe) {
    bool there = false;
    get(there);
    maybe.reset();
    if (there && !spoiled_) get(maybe.emplace());
  }
  template <typename A, typename B>
  void get(std::pair<A, B>& both) {
    get(both.first);
    get(both.second);
  }
  template <typename T>
    requires std::is_class_v<T>
  void get(T& value) {
    fields(*this, value);
  }
  template <typename... T>
  void all(T&... each) {
    (get(each), ...);
  }
  [[nodiscard]] bool complete() const { return !spoiled_ && rest_.empty(); }
  [[nodiscard]] bool spoiled() const { return spoiled_; }

 private:
  void spoil() {
    spoiled_ = true;
    rest_ = {};
  }
  std::string_view rest_;
  bool spoiled_ = false;
};

std::string encode(const Error& error);
Error decode_error(std::string_view bytes);

}  // namespace creel::engine::runtime
