#include "cmd/image/images.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "cmd/output/output.h"
#include "engine/image/image.h"

namespace creel::cmd {
namespace {

using nlohmann::json;

struct Row {
  const storage::ImageRecord* image;
  std::string repository = "<none>";
  std::string tag = "<none>";
};

// "localhost:5000/a/b:1" -> {"localhost:5000/a/b", "1"}; a digest is not a tag.
void split_name(const std::string& name, Row& row) {
  const std::string bare = name.substr(0, name.find('@'));
  const std::size_t colon = bare.rfind(':');
  const std::size_t slash = bare.rfind('/');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  row.repository = tagged ? bare.substr(0, colon) : bare;
  if (tagged) row.tag = bare.substr(colon + 1);
}

// One per name. Images whose names all went away keep the repository that they were pulled from.
std::vector<Row> rows_of(const std::vector<storage::ImageRecord>& images) {
  std::vector<Row> rows;
  for (const storage::ImageRecord& image : images) {
    for (const std::string& name : image.names) {
      Row row{&image};
      split_name(name, row);
      rows.push_back(std::move(row));
    }
    if (image.names.empty()) {
      Row row{&image};
      if (!image.digests.empty()) row.repository = image.digests[0].substr(0, image.digests[0].find('@'));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

Result<void> sort_rows(std::vector<Row>& rows, const std::string& by) {
  const auto order = [&](auto less) { std::stable_sort(rows.begin(), rows.end(), less); };
  if (by == "created") {
    order([](const Row& a, const Row& b) { return a.image->created_ns > b.image->created_ns; });
  } else if (by == "id") {
    order([](const Row& a, const Row& b) { return a.image->id < b.image->id; });
  } else if (by == "repository") {
    order([](const Row& a, const Row& b) { return a.repository < b.repository; });
  } else if (by == "size") {
    order([](const Row& a, const Row& b) { return a.image->size < b.image->size; });
  } else if (by == "tag") {
    order([](const Row& a, const Row& b) { return a.tag < b.tag; });
  } else {
    return fail(Code::kInvalid,
                "\"" + by + "\" is not a valid field for sorting: choose from created, id, repository, size, tag");
  }
  return {};
}

std::string digest_of(const storage::ImageRecord& image) {
  return image.manifest.text();
}

json repo_digests(const storage::ImageRecord& image) {
  json out = json::array();
  for (const std::string& digest : image.digests) out.push_back(digest);
  return out;
}

json names_of(const storage::ImageRecord& image) {
  json out = json::array();
  for (const std::string& name : image.names) out.push_back(name);
  return out;
}

json labels_of(const storage::ImageRecord& image) {
  const json config = json::parse(image.config, nullptr, false);
  if (!config.is_object()) return nullptr;
  const json inner = config.value("config", json());
  if (!inner.is_object()) return nullptr;
  return inner.contains("Labels") && inner["Labels"].is_object() ? inner["Labels"] : json();
}

using Users = std::unordered_map<std::string, int>;

json template_row(const Row& row, bool no_trunc, const Users& users, std::int64_t now) {
  const storage::ImageRecord& image = *row.image;
  const auto used = users.find(image.id);
  const std::string age = human_duration(now - image.created_ns) + " ago";
  const std::string size = human_size(image.size);
  const bool dangling = image.names.empty();
  return {{"ID", no_trunc ? "sha256:" + image.id : image.id.substr(0, 12)},
          {"Id", image.id},
          {"ParentId", ""},
          {"Repository", row.repository},
          {"Tag", row.tag},
          {"Digest", digest_of(image)},
          {"Created", age},
          {"CreatedSince", age},
          {"CreatedAt", format_rfc3339(image.created_ns)},
          {"CreatedTime", format_rfc3339(image.created_ns)},
          {"Size", size},
          {"VirtualSize", size},
          {"SharedSize", 0},
          {"Names", names_of(image)},
          {"RepoTags", names_of(image)},
          {"RepoDigests", repo_digests(image)},
          {"Labels", labels_of(image)},
          {"Containers", used == users.end() ? 0 : used->second},
          {"Dangling", dangling},
          {"IsDangling", dangling},
          {"ReadOnly", false},
          {"IsReadOnly", false},
          {"History", names_of(image)}};
}

json document(const Row& row, const Users& users) {
  const storage::ImageRecord& image = *row.image;
  const auto used = users.find(image.id);
  const json config = json::parse(image.config, nullptr, false);
  const auto text = [&](const char* key) {
    return config.is_object() && config.contains(key) && config[key].is_string() ? config[key] : json("");
  };
  json out = {{"Id", image.id},
              {"ParentId", ""},
              {"RepoTags", nullptr},
              {"RepoDigests", repo_digests(image)},
              {"Created", image.created_ns / 1'000'000'000},
              {"CreatedAt", format_rfc3339(image.created_ns)},
              {"Size", image.size},
              {"SharedSize", 0},
              {"VirtualSize", image.size},
              {"Labels", labels_of(image)},
              {"Containers", used == users.end() ? 0 : used->second},
              {"Digest", digest_of(image)},
              {"History", names_of(image)},
              {"Names", names_of(image)},
              {"Arch", text("architecture")},
              {"Os", text("os")}};
  if (image.names.empty()) out["Dangling"] = true;
  return out;
}

}  // namespace

void ImagesCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Show all images, those without a name too");
  flags.flag("--digests", digests_, "Show digests");
  flags.list("-f,--filter", filters_, "strings", "Show only images that meet this condition").csv();
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.flag("--no-trunc", no_trunc_, "Show whole IDs");
  flags.flag("-n,--noheading", no_heading_, "Print no column headings");
  flags.flag("-q,--quiet", quiet_, "Print only image IDs");
  flags.value("--sort", sort_, "string", "Sort by created, id, repository, size or tag")
      .choices({"created", "id", "repository", "size", "tag"});
  flags.arguments(arguments_);
}

Result<int> ImagesCommand::run(Context& context) {
  if (quiet_ && !format_.empty()) return fail(Code::kInvalid, "quiet and format are mutually exclusive");
  if (!arguments_.empty() && !filters_.empty()) {
    return fail(Code::kInvalid, "cannot specify an image and a filter(s)");
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const auto images, engine::list_images(engine, {all_, filters_, arguments_.empty() ? "" : arguments_[0]}));
  std::vector<Row> rows = rows_of(images);
  TRY(sort_rows(rows, sort_));

  if (quiet_) {
    std::unordered_set<std::string> seen;
    for (const Row& row : rows) {
      if (!seen.insert(row.image->id).second) continue;
      const std::string id = no_trunc_ ? "sha256:" + row.image->id : row.image->id.substr(0, 12);
      std::printf("%s\n", id.c_str());
    }
    return 0;
  }

  Users users;
  if (!format_.empty()) {
    TRY_SET(storage::Store * store, engine.store());
    TRY_SET(const auto containers, store->containers());
    for (const storage::ContainerRecord& container : containers) ++users[container.image_id];
  }
  json list = json::array();
  json documents = json::array();
  const std::int64_t now = now_ns();
  for (const Row& row : rows) {
    list.push_back(template_row(row, no_trunc_, users, now));
    if (!format_.empty()) documents.push_back(document(row, users));
  }
  Listing listing;
  listing.columns = {{"REPOSITORY", ".Repository"}, {"TAG", ".Tag"}};
  if (digests_) listing.columns.push_back({"DIGEST", ".Digest"});
  listing.columns.insert(listing.columns.end(), {{"IMAGE ID", ".ID"}, {"CREATED", ".CreatedSince"}, {"SIZE", ".Size"}});
  listing.headers = {{"CREATED", ".Created"},
                     {"CREATED AT", ".CreatedAt"},
                     {"DIGEST", ".Digest"},
                     {"IMAGE ID", ".Id"},
                     {"REPO TAGS", ".RepoTags"},
                     {"REPO DIGESTS", ".RepoDigests"},
                     {"VIRTUAL SIZE", ".VirtualSize"},
                     {"NAMES", ".Names"},
                     {"CONTAINERS", ".Containers"}};
  listing.no_heading = no_heading_;
  TRY_SET(const std::string text, render_list(listing, format_, list, documents));
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace creel::cmd
