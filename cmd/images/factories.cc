// The commands of the image plane, for the table of creel-images.
#include "cmd/command.h"
#include "cmd/image_plane.h"
#include "cmd/images/check.h"
#include "cmd/images/commit.h"
#include "cmd/images/cp.h"
#include "cmd/images/export.h"
#include "cmd/images/import.h"
#include "cmd/images/load.h"
#include "cmd/images/login.h"
#include "cmd/images/logout.h"
#include "cmd/images/manifest_edit.h"
#include "cmd/images/manifest_push.h"
#include "cmd/images/pull.h"
#include "cmd/images/push.h"
#include "cmd/images/save.h"
#include "cmd/images/search.h"
#include "cmd/images/volume_export.h"
#include "cmd/images/volume_import.h"
#include "cmd/manifest_plane.h"
#include "cmd/registry_plane.h"

namespace creel::cmd {

const ImagePlane& image_plane() {
  static constexpr ImagePlane kAll{make<PullCommand>,   make<LoadCommand>,   make<SaveCommand>,
                                   make<ImportCommand>, make<CommitCommand>, make<ExportCommand>};
  return kAll;
}

const RegistryPlane& registry_plane() {
  static constexpr RegistryPlane kAll{make<PushCommand>, make<LoginCommand>, make<LogoutCommand>, make<SearchCommand>};
  return kAll;
}

std::unique_ptr<Handler> (*image_plane_factory(std::string_view path))() {
  if (path == "system check") return make<CheckCommand>;
  if (path == "cp") return make<CpCommand>;
  if (path == "volume export") return make<VolumeExportCommand>;
  if (path == "volume import") return make<VolumeImportCommand>;
  return nullptr;
}

const ManifestPlane& manifest_plane() {
  static constexpr ManifestPlane kAll{make<ManifestAddCommand>,    make<ManifestAnnotateCommand>,
                                      make<ManifestCreateCommand>, make<ManifestInspectCommand>,
                                      make<ManifestPushCommand>,   make<ManifestRemoveCommand>};
  return kAll;
}

}  // namespace creel::cmd
