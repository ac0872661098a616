#include "engine/runtime/cgroup/dbus_message.h"

#include <cstring>

namespace creel::engine::runtime {

namespace {

enum HeaderField : std::uint8_t {
  kPath = 1,
  kInterface = 2,
  kMember = 3,
  kErrorName = 4,
  kReplySerial = 5,
  kDestination = 6,
  kSender = 7,
  kSignature = 8,
  kUnixFds = 9,
};

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

Error malformed() {
  return fail(Code::kInvalid, "a malformed D-Bus message");
}

}  // namespace

void DBusWriter::u32(std::uint32_t value) {
  align(4);
  for (int i = 0; i < 4; ++i) byte(static_cast<std::uint8_t>(value >> 8 * i));
}

void DBusWriter::u64(std::uint64_t value) {
  align(8);
  for (int i = 0; i < 8; ++i) byte(static_cast<std::uint8_t>(value >> 8 * i));
}

void DBusWriter::string(std::string_view text) {
  u32(static_cast<std::uint32_t>(text.size()));
  bytes_.append(text).push_back('\0');
}

void DBusWriter::signature(std::string_view text) {
  byte(static_cast<std::uint8_t>(text.size()));
  bytes_.append(text).push_back('\0');
}

DBusWriter::Array DBusWriter::begin_array(std::size_t element_alignment) {
  u32(0);
  const std::size_t length_at = bytes_.size() - 4;
  align(element_alignment);  // not a part of the length
  return {length_at, bytes_.size()};
}

void DBusWriter::end_array(Array array) {
  const auto length = static_cast<std::uint32_t>(bytes_.size() - array.start);
  for (std::size_t i = 0; i < 4; ++i) bytes_[array.length_at + i] = static_cast<char>(length >> 8 * i);
}

std::string_view DBusReader::take(std::size_t count) {
  if (!good_ || count > bytes_.size() - at_) {
    good_ = false;
    return {};
  }
  at_ += count;
  return bytes_.substr(at_ - count, count);
}

void DBusReader::align(std::size_t to) {
  (void)take((to - at_ % to) % to);
}
void DBusReader::skip(std::size_t count) {
  (void)take(count);
}

std::uint8_t DBusReader::byte() {
  const std::string_view one = take(1);
  return one.empty() ? 0 : static_cast<std::uint8_t>(one[0]);
}

std::uint32_t DBusReader::u32() {
  align(4);
  const std::string_view four = take(4);
  return four.empty() ? 0 : little_endian(four);
}

std::string DBusReader::string() {
  const std::uint32_t size = u32();
  std::string text(take(size));
  if (byte() != 0) good_ = false;
  return text;
}

std::string DBusReader::signature() {
  std::string text(take(byte()));
  if (byte() != 0) good_ = false;
  return text;
}

std::string encode_call(const DBusCall& call, std::uint32_t serial) {
  DBusWriter out;
  out.byte('l');
  out.byte(static_cast<std::uint8_t>(DBusMessage::Type::kCall));
  out.byte(0);
  out.byte(1);  // version of the protocol
  out.u32(static_cast<std::uint32_t>(call.body.size()));
  out.u32(serial);
  const auto fields = out.begin_array(8);
  const auto field = [&out](HeaderField which, const char* type, const std::string& value) {
    if (value.empty()) return;
    out.begin_struct();
    out.byte(which);
    out.signature(type);
    if (*type == 'g') {
      out.signature(value);
    } else {
      out.string(value);
    }
  };
  field(kPath, "o", call.path);
  field(kInterface, "s", call.interface);
  field(kMember, "s", call.member);
  field(kDestination, "s", call.destination);
  field(kSignature, "g", call.signature);
  out.end_array(fields);
  out.begin_struct();  // the body is aligned likewise
  return out.bytes() + call.body;
}

Result<std::size_t> message_size(std::string_view header) {
  // Whoever talks through a bus on this machine has this machine's byte order.
  if (header.size() < kDBusHeader || header[0] != 'l' || header[3] != 1) return malformed();
  const std::size_t body = little_endian(header.substr(4)), fields = little_endian(header.substr(12));
  if (body > kDBusLimit || fields > kDBusLimit) return malformed();
  const std::size_t size = (kDBusHeader + fields + 7) / 8 * 8 + body;
  if (size > kDBusLimit) return malformed();
  return size;
}

Result<DBusMessage> decode_message(std::string_view bytes) {
  TRY_SET(const std::size_t size, message_size(bytes));
  if (size != bytes.size()) return malformed();
  DBusMessage out;
  out.type = static_cast<DBusMessage::Type>(bytes[1]);
  const std::size_t fields_end = kDBusHeader + little_endian(bytes.substr(12));
  DBusReader in(bytes.substr(0, fields_end));
  in.skip(kDBusHeader);
  while (in.good() && in.position() < fields_end) {
    in.align(8);
    const std::uint8_t which = in.byte();
    const std::string type = in.signature();
    if (which == kReplySerial && type == "u") {
      out.reply_serial = in.u32();
    } else if (which == kUnixFds && type == "u") {
      return malformed();  // none was agreed on
    } else if (type == "s" || type == "o") {
      std::string text = in.string();
      if (which == kSender) out.sender = std::move(text);
      if (which == kInterface) out.interface = std::move(text);
      if (which == kMember) out.member = std::move(text);
      if (which == kErrorName) out.error_name = std::move(text);
    } else if (which == kSignature && type == "g") {
      out.signature = in.signature();
    } else {
      return malformed();
    }
  }
  if (!in.good()) return malformed();
  out.body = bytes.substr((fields_end + 7) / 8 * 8);
  return out;
}

}  // namespace creel::engine::runtime
