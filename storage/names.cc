#include "storage/names.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "storage/paths.h"

namespace creel::storage {

namespace {

constexpr std::size_t kDigestHex = 64;
constexpr std::size_t kRandomHex = 16;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

bool is_hex_digest(const std::string& name) {
  return name.size() == kDigestHex && is_hex(name);
}

StagedName staged_name(const std::string& name) {
  using Kind = StagedName::Kind;
  if (name.starts_with(kBootName)) {
    const std::string rest = name.substr(std::string_view(kBootName).size());
    if (rest.empty() || rest.starts_with(".tmp.")) return {Kind::kBoot, {}};
  }
  if (name.ends_with(kLockSuffix) || name.ends_with(kTransferSuffix)) return {Kind::kLock, {}};
  if (name.size() == kRandomHex && is_hex(name)) return {Kind::kWork, name + std::string(kLockSuffix)};
  if (name.size() > kDigestHex && name[kDigestHex] == '.' && is_hex(name.substr(0, kDigestHex)))
    return {Kind::kPartial, name.substr(0, kDigestHex) + std::string(kTransferSuffix)};
  return {};
}

bool is_top_name(const std::string& name) {
  for (const char* ours :
       {kMarkerName, "writer.lock", "blobs", "layers", "staging", "containers", "volumes", kImagesName, kReserveName}) {
    if (name == ours) return true;
  }
  return name.starts_with("db.sqlite") || name.starts_with(std::string(kMarkerName) + ".tmp.");
}

std::string random_work_name() {
  return random_hex(kRandomHex / 2);
}

bool is_volume_name(const std::string& name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return !name.empty() && kLetters.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(std::string(kLetters) + "_.-") == std::string::npos;
}

bool is_locked(int dir, const std::string& name) {
  auto file = open_at(dir, name, O_RDONLY);
  return file.ok() && flock(file->get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace creel::storage
