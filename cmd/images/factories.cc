// The commands of the image plane, for the table of creel-images.
#include "cmd/command.h"
#include "cmd/image_plane.h"
#include "cmd/images/check.h"
#include "cmd/images/commit.h"
#include "cmd/images/cp.h"
#include "cmd/images/export.h"
#include "cmd/images/import.h"
#include "cmd/images/inspect_elsewhere.h"
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

namespace creel::cmd {

namespace {

struct Entry {
  std::string_view path;
  std::unique_ptr<Handler> (*make)();
};

constexpr Entry kEntries[] = {
    {"commit", make<CommitCommand>},
    {"cp", make<CpCommand>},
    {"export", make<ExportCommand>},
    {"image inspect", make<ImageInspectElsewhereCommand>},
    {"import", make<ImportCommand>},
    {"inspect", make<InspectAnyElsewhereCommand>},
    {"load", make<LoadCommand>},
    {"login", make<LoginCommand>},
    {"logout", make<LogoutCommand>},
    {"manifest add", make<ManifestAddCommand>},
    {"manifest annotate", make<ManifestAnnotateCommand>},
    {"manifest create", make<ManifestCreateCommand>},
    {"manifest inspect", make<ManifestInspectCommand>},
    {"manifest push", make<ManifestPushCommand>},
    {"manifest remove", make<ManifestRemoveCommand>},
    {"pull", make<PullCommand>},
    {"push", make<PushCommand>},
    {"save", make<SaveCommand>},
    {"search", make<SearchCommand>},
    {"system check", make<CheckCommand>},
    {"volume export", make<VolumeExportCommand>},
    {"volume import", make<VolumeImportCommand>},
};

}  // namespace

std::unique_ptr<Handler> (*image_plane_factory(std::string_view path))() {
  for (const Entry& entry : kEntries) {
    if (entry.path == path) return entry.make;
  }
  return nullptr;
}

}  // namespace creel::cmd
