// Records as files beside what they describe, so that a lost database can be made again (`creel system check
// --rebuild`). The database is the truth; nothing else reads these. One JSON object each; a container's config stays
// one. Thread-safe. Not synced: who needs that syncs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "storage/name_manifests.h"
#include "storage/store.h"

namespace creel::storage {

// <store>/images/<id>: all but the configuration, which is the blob of that digest.
struct SavedImage {
  ImageRecord record;
  NameManifests manifests;  // of names that have another than the record's
};
Result<void> save_image_file(const Paths& paths, const ImageRecord& image, const NameManifests& manifests);
Result<SavedImage> load_image_file(const Paths& paths, const std::string& id);

// <store>/containers/<id>/record. kNotFound where the container has no directory (yet).
Result<void> save_container_file(const Paths& paths, const ContainerRecord& container,
                                 const std::vector<std::string>& volumes);
bool has_container_file(const Paths& paths, const std::string& id);
struct SavedContainer {
  ContainerRecord record;
  std::vector<std::string> volumes;  // names of those it uses
};
Result<SavedContainer> load_container_file(const Paths& paths, const std::string& id);

// <store>/volumes/<name>/record, of volumes that have labels or options; makes the volume's directory. kNotFound: none.
Result<void> save_volume_file(const Paths& paths, const VolumeRecord& volume);
Result<VolumeRecord> load_volume_file(const Paths& paths, const std::string& name);

}  // namespace creel::storage
