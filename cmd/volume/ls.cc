#include "cmd/volume/ls.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/output/output.h"
#include "cmd/volume/row.h"
#include "engine/volume/volume.h"

namespace creel::cmd {

void VolumeLsCommand::declare(Flags& flags) {
  flags.list("-f,--filter", filters_, "key=value", "Show only volumes that meet this condition");
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.flag("-n,--noheading", no_heading_, "Print no column headings");
  flags.flag("-q,--quiet", quiet_, "Print only names");
}

Result<int> VolumeLsCommand::run(Context& context) {
  if (quiet_ && !format_.empty()) return fail(Code::kInvalid, "quiet and format flags cannot be used together");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const auto volumes, engine::list_volumes(engine, filters_));
  if (quiet_) {
    for (const storage::VolumeRecord& volume : volumes) std::printf("%s\n", volume.name.c_str());
    return 0;
  }
  nlohmann::json rows = nlohmann::json::array();
  for (const storage::VolumeRecord& volume : volumes)
    rows.push_back(volume_inspection(engine, volume, format_.empty() ? "x" : format_));
  Listing listing;
  listing.columns = {{"DRIVER", ".Driver"}, {"VOLUME NAME", ".Name"}};
  listing.no_heading = no_heading_;
  TRY_SET(const std::string text, render_list(listing, format_, rows, nlohmann::json::array()));
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace creel::cmd
