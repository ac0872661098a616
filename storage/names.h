// Which names in the store are whose: for those who look at all of them (garbage collection, usage, check).
// Thread-safe. Private to storage/.
#pragma once

#include <cstdint>
#include <string>

#include "storage/paths.h"

namespace creel::storage {

// Records beside what they describe (storage/record_files.h): images/<id>, containers/<id>/record,
// volumes/<name>/record.
inline constexpr const char* kImagesName = "images";
inline constexpr const char* kReserveName = "reserve";  // storage/reserve.h
inline std::string image_files(const Paths& paths) {
  return paths.store + "/" + kImagesName;
}
inline std::string image_file(const Paths& paths, const std::string& id) {
  return image_files(paths) + "/" + id;
}
inline std::string container_file(const Paths& paths, const std::string& id) {
  return paths.container(id) + "/record";
}
inline std::string volume_file(const Paths& paths, const std::string& name) {
  return paths.volume(name) + "/record";
}

// 64 hex digits: of a blob, layer or container.
bool is_hex_digest(const std::string& name);

// What a name beneath staging/ is.
struct StagedName {
  enum class Kind : std::uint8_t {
    kWork,     // <random>/: being written or deleted
    kPartial,  // <hex>.…: a part of blob or layer <hex>, for the next transfer to go on with
    kLock,
    kBoot,
    kStrange,
  };
  Kind kind = Kind::kStrange;
  std::string lock;  // kWork, kPartial: name of the lock file that guards it
};
StagedName staged_name(const std::string& name);

// Whether the store's own directory has an entry of that name: what a new store is made of, and nothing else.
bool is_top_name(const std::string& name);

// A new name of kWork.
std::string random_work_name();

// "[a-zA-Z0-9][a-zA-Z0-9_.-]*"
bool is_volume_name(const std::string& name);

// Whether a living process holds the lock file `name` in `dir`. Does not make the file.
bool is_locked(int dir, const std::string& name);

}  // namespace creel::storage
