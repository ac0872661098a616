#include "cmd/image/images_tree.h"

#include "base/text.h"
#include "cmd/output/output.h"
#include "cmd/output/tabwriter.h"
#include "engine/image/image_config.h"

namespace creel::cmd {
namespace {

std::string platform_of(const storage::ImageRecord& image) {
  const auto config = engine::parse_image_config(image.config);
  if (!config.ok() || config->os.empty()) return {};
  return config->os + "/" + config->architecture + (config->variant.empty() ? "" : "/" + config->variant);
}

void add(const storage::ImageRecord& image, const std::string& name, std::string& out) {
  const std::string rest = "\t" + image.id.substr(0, 12) + "\t" + human_size(image.size) + "\n";
  out += name + rest;
  if (const std::string platform = platform_of(image); !platform.empty()) out += "└─ " + platform + rest;
}

}  // namespace

std::string images_tree(const std::vector<storage::ImageRecord>& images) {
  std::string out = "IMAGE\tID\tDISK USAGE\n";
  for (const storage::ImageRecord& image : images) {
    for (const std::string& name : image.names) add(image, name, out);
  }
  for (const storage::ImageRecord& image : images) {
    if (image.names.empty()) add(image, "<untagged>", out);
  }
  return align_columns(out);
}

}  // namespace creel::cmd
