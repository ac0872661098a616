#include "storage/pack/tar_stream.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>

#include "base/tar_header.h"

namespace creel::storage::pack {

using unpack::Entry;
using unpack::EntryType;

namespace {

constexpr std::size_t kNameField = 100, kPrefixField = 155;
constexpr std::int64_t kIdLimit = 1 << 21;                  // 7 octal digits
constexpr std::int64_t kSizeLimit = std::int64_t{1} << 33;  // 11

char type_of(EntryType type) {
  switch (type) {
    case EntryType::kHardLink:
      return '1';
    case EntryType::kSymlink:
      return '2';
    case EntryType::kCharacterDevice:
      return '3';
    case EntryType::kBlockDevice:
      return '4';
    case EntryType::kDirectory:
      return '5';
    case EntryType::kFifo:
      return '6';
    default:
      return '0';
  }
}

// "LENGTH KEY=VALUE\n", where the length counts itself.
void add_record(std::string& records, std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) length = std::to_string(length).size() + rest;
  records.append(std::to_string(length)).append(" ").append(key).append("=").append(value).append("\n");
}

// ustar's two fields for a name, at a slash. False: it does not fit.
bool split_name(const std::string& name, TarHeader& header) {
  header.name = name;
  if (name.size() <= kNameField) return true;
  if (name.size() > kNameField + 1 + kPrefixField) return false;
  for (std::size_t slash = name.find('/', name.size() - kNameField - 1);
       slash != std::string::npos && slash <= kPrefixField; slash = name.find('/', slash + 1)) {
    if (slash == 0 || slash + 1 == name.size()) continue;
    header.prefix = std::string_view(name).substr(0, slash);
    header.name = std::string_view(name).substr(slash + 1);
    return true;
  }
  return false;
}

}  // namespace

Result<void> ByteSink::append(std::string_view bytes) {
  while (!bytes.empty()) {
    TRY_SET(const std::span<unsigned char> space, room());
    const std::size_t part = std::min(bytes.size(), space.size());
    std::memcpy(space.data(), bytes.data(), part);
    TRY(advance(part));
    bytes.remove_prefix(part);
  }
  return {};
}

Result<void> ByteSink::zeros(std::int64_t count) {
  while (count > 0) {
    TRY_SET(const std::span<unsigned char> space, room());
    const auto part = std::min(static_cast<std::size_t>(count), space.size());
    std::memset(space.data(), 0, part);
    TRY(advance(part));
    count -= static_cast<std::int64_t>(part);
  }
  return {};
}

Result<void> TarStream::header(const Entry& entry) {
  const bool directory = entry.type == EntryType::kDirectory;
  const std::string name = entry.path.empty() ? "./" : directory ? entry.path + "/" : entry.path;
  TarHeader header;
  header.type = type_of(entry.type);
  header.mode = entry.mode;
  header.uid = entry.owner.uid;
  header.gid = entry.owner.gid;
  header.size = entry.type == EntryType::kFile ? entry.size : 0;
  header.modified = entry.modified.tv_sec;
  header.link = entry.link;
  if (entry.type == EntryType::kCharacterDevice || entry.type == EntryType::kBlockDevice) {
    header.device_major = major(entry.device);
    header.device_minor = minor(entry.device);
  }
  std::string records;
  if (!split_name(name, header)) add_record(records, "path", name);
  if (entry.link.size() > kNameField) add_record(records, "linkpath", entry.link);
  if (header.uid >= kIdLimit) add_record(records, "uid", std::to_string(header.uid));
  if (header.gid >= kIdLimit) add_record(records, "gid", std::to_string(header.gid));
  if (header.size >= kSizeLimit) add_record(records, "size", std::to_string(header.size));
  if (header.modified < 0) add_record(records, "mtime", std::to_string(header.modified));
  for (const auto& [key, value] : entry.xattrs) add_record(records, "SCHILY.xattr." + key, value);
  if (!records.empty()) {
    const auto block =
        tar_header({.name = "PaxHeaders/record", .type = 'x', .mode = 0644, .size = std::ssize(records)});
    TRY(sink_.append({block.data(), block.size()}));
    TRY(sink_.append(records));
    TRY(pad(std::ssize(records)));
  }
  const auto block = tar_header(header);
  return sink_.append({block.data(), block.size()});
}

Result<void> TarStream::pad(std::int64_t size) {
  return sink_.zeros(static_cast<std::int64_t>(tar_padding(size)));
}

Result<void> TarStream::finish() {
  return sink_.zeros(2 * static_cast<std::int64_t>(kTarBlock));
}

}  // namespace creel::storage::pack
