// D-Bus messages as bytes: the few types that talking to systemd needs. Pure data, thread-safe. What comes in is
// checked against its bounds: on a bus anybody may send. See the D-Bus specification, "Message Protocol".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace creel::engine::runtime {

// Marshals the arguments of a call, little-endian, each aligned as its type wants it.
class DBusWriter {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void boolean(bool value) { u32(value ? 1 : 0); }
  void string(std::string_view text);  // also an object path
  void signature(std::string_view text);
  void begin_struct() { align(8); }
  struct Array {
    std::size_t length_at, start;
  };
  Array begin_array(std::size_t element_alignment);
  void end_array(Array array);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void align(std::size_t to) { bytes_.resize((bytes_.size() + to - 1) / to * to); }
  std::string bytes_;
};

// Reads what DBusWriter writes. The first thing that does not fit makes all that follow fail.
class DBusReader {
 public:
  explicit DBusReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint8_t byte();
  std::uint32_t u32();
  std::string string();
  std::string signature();
  void align(std::size_t to);
  void skip(std::size_t count);
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view take(std::size_t count);
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

struct DBusCall {
  std::string destination;  // empty on a direct connection
  std::string path, interface, member;
  std::string signature, body;
};
std::string encode_call(const DBusCall& call, std::uint32_t serial);

struct DBusMessage {
  enum class Type : std::uint8_t { kCall = 1, kReturn = 2, kError = 3, kSignal = 4 };
  Type type = Type::kCall;
  std::uint32_t reply_serial = 0;
  std::string sender, interface, member, error_name, signature, body;
};
inline constexpr std::size_t kDBusHeader = 16, kDBusLimit = 1 << 20;
// Size of the whole message from its first kDBusHeader bytes. kInvalid: not D-Bus, or more than kDBusLimit.
Result<std::size_t> message_size(std::string_view header);
// A whole message. kInvalid.
Result<DBusMessage> decode_message(std::string_view bytes);

}  // namespace creel::engine::runtime
