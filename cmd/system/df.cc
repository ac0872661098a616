#include "cmd/system/df.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/container/ps_text.h"
#include "cmd/output/output.h"
#include "cmd/output/size.h"
#include "engine/json.h"
#include "engine/system/inside.h"
#include "engine/system/usage.h"

namespace creel::cmd {
namespace {

using nlohmann::json;

constexpr std::size_t kShortId = 12;

json row_of(const char* type, const engine::UseSummary& sum) {
  const double share = sum.size > 0 ? static_cast<double>(sum.reclaimable) / static_cast<double>(sum.size) : 0;
  const std::string percent = std::to_string(static_cast<int>(share * 100 + 0.5)) + "%";
  return {{"Type", type},
          {"Total", sum.total},
          {"TotalCount", sum.total},
          {"Active", sum.active},
          {"RawSize", sum.size},
          {"RawReclaimable", sum.reclaimable},
          {"Size", size_text(sum.size)},
          {"Reclaimable", size_text(sum.reclaimable) + " (" + percent + ")"}};
}

Result<std::string> summary(const engine::SystemUse& use, const std::string& format) {
  json rows = json::array({row_of("Images", use.all_images), row_of("Containers", use.all_containers),
                           row_of("Local Volumes", use.all_volumes)});
  // Only where there are some: scripts know three lines.
  if (use.leftovers.total > 0) rows.push_back(row_of("Leftovers", use.leftovers));
  Listing listing;
  listing.columns = {{"TYPE", ".Type"},
                     {"TOTAL", ".Total"},
                     {"ACTIVE", ".Active"},
                     {"SIZE", ".Size"},
                     {"RECLAIMABLE", ".Reclaimable"}};
  return render_list(listing, format, rows, rows);
}

json image_rows(const engine::SystemUse& use, std::int64_t now) {
  json rows = json::array();
  for (const engine::ImageUse& image : use.images) {
    std::vector<std::string> names = image.image.names;
    if (names.empty()) names.emplace_back("<none>:<none>");
    for (const std::string& name : names) {
      const std::size_t colon = name.rfind(':');
      rows.push_back({{"Repository", name.substr(0, colon)},
                      {"Tag", name.substr(colon + 1)},
                      {"ImageID", image.image.id.substr(0, kShortId)},
                      {"Created", human_duration(now - image.image.created_ns)},
                      {"Size", size_text(image.size)},
                      {"SharedSize", size_text(image.shared)},
                      {"UniqueSize", size_text(image.unique)},
                      {"Containers", image.containers}});
    }
  }
  return rows;
}

json container_rows(const engine::SystemUse& use, std::int64_t now) {
  json rows = json::array();
  for (const engine::ContainerUse& one : use.containers) {
    const storage::ContainerRecord& record = one.container.record;
    rows.push_back({{"ContainerID", record.id.substr(0, kShortId)},
                    {"Image", record.image_id.substr(0, kShortId)},
                    {"Command", command_text(engine::texts_from_column(record.command), true)},
                    {"LocalVolumes", one.volumes},
                    {"Size", size_text(one.size)},
                    {"Created", human_duration(now - record.created_ns)},
                    {"Status", engine::monitor::to_string(one.container.observed.status)},
                    {"Names", record.name}});
  }
  return rows;
}

json volume_rows(const engine::SystemUse& use) {
  json rows = json::array();
  for (const engine::VolumeUse& one : use.volumes) {
    rows.push_back({{"VolumeName", one.volume.name}, {"Links", one.containers}, {"Size", size_text(one.size)}});
  }
  return rows;
}

Result<std::string> details(const engine::SystemUse& use) {
  const std::int64_t now = now_ns();
  Listing images, containers, volumes;
  images.columns = {{"REPOSITORY", ".Repository"},
                    {"TAG", ".Tag"},
                    {"IMAGE ID", ".ImageID"},
                    {"CREATED", ".Created"},
                    {"SIZE", ".Size"},
                    {"SHARED SIZE", ".SharedSize"},
                    {"UNIQUE SIZE", ".UniqueSize"},
                    {"CONTAINERS", ".Containers"}};
  containers.columns = {{"CONTAINER ID", ".ContainerID"},
                        {"IMAGE", ".Image"},
                        {"COMMAND", ".Command"},
                        {"LOCAL VOLUMES", ".LocalVolumes"},
                        {"SIZE", ".Size"},
                        {"CREATED", ".Created"},
                        {"STATUS", ".Status"},
                        {"NAMES", ".Names"}};
  volumes.columns = {{"VOLUME NAME", ".VolumeName"}, {"LINKS", ".Links"}, {"SIZE", ".Size"}};
  TRY_SET(const std::string of_images, render_list(images, "", image_rows(use, now), json()));
  TRY_SET(const std::string of_containers, render_list(containers, "", container_rows(use, now), json()));
  TRY_SET(const std::string of_volumes, render_list(volumes, "", volume_rows(use), json()));
  std::string text = "Images space usage:\n\n" + of_images + "\nContainers space usage:\n\n" + of_containers +
                     "\nLocal Volumes space usage:\n\n" + of_volumes;
  if (use.leftovers.total > 0) {
    text += "\nLeftovers of interrupted and unfinished commands: " + std::to_string(use.leftovers.total) + ", " +
            size_text(use.leftovers.size) + "\n";
  }
  return text;
}

}  // namespace

void DfCommand::declare(Flags& flags) {
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.flag("-v,--verbose", verbose_, "Show each image, container and volume");
}

Result<int> DfCommand::run(Context& context) {
  if (verbose_ && !format_.empty()) {
    return fail(Code::kInvalid, "cannot combine --format and --verbose flags");
  }
  TRY_SET(engine::Engine engine, engine::open_inside(context.global));
  TRY_SET(const engine::SystemUse use, engine::system_use(engine));
  TRY_SET(const std::string text, verbose_ ? details(use) : summary(use, format_));
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace creel::cmd
