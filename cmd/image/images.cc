#include "cmd/image/images.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "cmd/image/images_tree.h"
#include "cmd/output/output.h"
#include "cmd/output/tabwriter.h"
#include "engine/image/family.h"
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

template <typename Texts>
json array_of(const Texts& texts) {
  json out = json::array();
  for (const std::string& text : texts) out.push_back(text);
  return out;
}

json config_of(const storage::ImageRecord& image) {
  json config = json::parse(image.config, nullptr, false);
  return config.is_object() ? config : json::object();
}

json labels_of(const json& config) {
  const auto inner = config.find("config");
  if (inner == config.end() || !inner->is_object()) return nullptr;
  const auto labels = inner->find("Labels");
  return labels != inner->end() && labels->is_object() && !labels->empty() ? *labels : json();
}

// As Go prints a time in UTC.
std::string utc_time(std::int64_t ns) {
  std::string text = format_rfc3339(ns);
  text[10] = ' ';
  text.pop_back();
  return text + " +0000 UTC";
}

std::string shown_id(const storage::ImageRecord& image, bool no_trunc) {
  return no_trunc ? "sha256:" + image.id : image.id.substr(0, 12);
}

std::string age_of(const storage::ImageRecord& image, std::int64_t now) {
  return human_duration(now - image.created_ns) + " ago";
}

// What costs more than the record at hand: counted and looked up only for formats that show it.
struct Relations {
  std::unordered_map<std::string, int> users;
  std::unordered_map<std::string, std::string> parents;
  [[nodiscard]] int containers(const storage::ImageRecord& image) const {
    const auto it = users.find(image.id);
    return it == users.end() ? 0 : it->second;
  }
  [[nodiscard]] std::string parent(const storage::ImageRecord& image) const {
    const auto it = parents.find(image.id);
    return it == parents.end() ? std::string() : it->second;
  }
};

Result<Relations> relations(engine::Engine& engine, const std::string& format,
                            const std::vector<storage::ImageRecord>& images) {
  Relations out;
  const bool all = means_json(format);
  TRY_SET(storage::Store * store, engine.store());
  if (all || format.find("Containers") != std::string::npos) {
    TRY_SET(const auto containers, store->containers());
    for (const storage::ContainerRecord& container : containers) ++out.users[container.image_id];
  }
  if (all || format.find("Parent") != std::string::npos) {
    TRY_SET(const std::vector<storage::ImageRecord> everything, store->images());
    const engine::ImageFamily family(everything);
    for (const storage::ImageRecord& image : images) {
      if (const auto* parent = engine::is_list(image) ? nullptr : family.parent(image))
        out.parents[image.id] = parent->id;
    }
  }
  return out;
}

json template_row(const Row& row, bool no_trunc, const Relations& relations, bool labels, std::int64_t now) {
  const storage::ImageRecord& image = *row.image;
  const std::string age = age_of(image, now);
  const bool dangling = image.names.empty();
  return {{"ID", shown_id(image, no_trunc)},
          {"Id", image.id},
          {"ParentId", relations.parent(image)},
          {"Repository", row.repository},
          {"Tag", row.tag},
          {"Digest", image.manifest.text()},
          {"Created", age},
          {"CreatedSince", age},
          {"CreatedAt", utc_time(image.created_ns)},
          {"CreatedTime", utc_time(image.created_ns)},
          {"Size", human_size(image.size)},
          {"VirtualSize", image.size},
          {"SharedSize", 0},
          {"Names", array_of(image.names)},
          {"RepoTags", array_of(image.names)},
          {"RepoDigests", array_of(image.digests)},
          {"Labels", labels ? labels_of(config_of(image)) : json()},
          {"Containers", relations.containers(image)},
          {"Dangling", dangling},
          {"IsDangling", dangling},
          {"ReadOnly", false},
          {"IsReadOnly", false},
          {"IsManifestList", engine::is_list(image)},
          {"History", join(image.names, ", ")}};
}

json document(const Row& row, const Relations& relations) {
  const storage::ImageRecord& image = *row.image;
  const json config = config_of(image);
  json out = {{"Id", image.id},
              {"ParentId", relations.parent(image)},
              {"RepoTags", nullptr},
              {"RepoDigests", array_of(image.digests)},
              {"Created", image.created_ns / 1'000'000'000},
              {"CreatedAt", format_rfc3339(image.created_ns)},
              {"Size", image.size},
              {"SharedSize", 0},
              {"VirtualSize", image.size},
              {"Labels", labels_of(config)},
              {"Containers", relations.containers(image)},
              {"Digest", image.manifest.text()},
              {"History", array_of(image.names)},
              {"IsManifestList", engine::is_list(image)},
              {"Names", array_of(image.names)}};
  for (const auto& [key, from] : {std::pair("Arch", "architecture"), std::pair("Os", "os")}) {
    const auto value = config.find(from);
    if (value != config.end() && value->is_string()) out[key] = *value;
  }
  if (image.names.empty()) out["Dangling"] = true;
  return out;
}

struct Columns {
  bool digests, no_trunc, no_heading, history;
};

std::string table(const std::vector<Row>& rows, const Columns& show, std::int64_t now) {
  std::string out;
  const auto line = [&](std::initializer_list<std::string> cells) {
    std::string text;
    for (const std::string& cell : cells) {
      if (cell.empty()) continue;  // a column that is not shown
      if (!text.empty()) text += '\t';
      text += cell;
    }
    out += text + "\n";
  };
  if (!show.no_heading) {
    line({"REPOSITORY", "TAG", show.digests ? "DIGEST" : "", "IMAGE ID", "CREATED", "SIZE",
          show.history ? "HISTORY" : ""});
  }
  for (const Row& row : rows) {
    const storage::ImageRecord& image = *row.image;
    line({row.repository, row.tag, show.digests ? image.manifest.text() : "", shown_id(image, show.no_trunc),
          age_of(image, now), human_size(image.size), show.history ? join(image.names, ", ") : ""});
  }
  return out;
}

// Whether each of the format's placeholders is one of what the record's short form has.
bool is_short_form(const std::string& format) {
  static const std::unordered_set<std::string> kFields = {"ID",      "Id",           "Repository", "Tag", "Digest",
                                                          "Created", "CreatedSince", "CreatedAt",  "Size"};
  for (std::size_t at = format.find("{{"); at != std::string::npos; at = format.find("{{", at)) {
    const std::size_t end = format.find("}}", at);
    if (end == std::string::npos || format[at + 2] != '.' || !kFields.contains(format.substr(at + 3, end - at - 3)))
      return false;
    at = end;
  }
  return !means_json(format);
}

}  // namespace

void ImagesCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Show all images, those without a name too");
  flags.flag("--digests", digests_, "Show digests");
  flags.list("-f,--filter", filters_, "strings", "Show only images that meet this condition").csv();
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.flag("--history", history_, "Show the names that an image has had");
  flags.flag("--no-trunc", no_trunc_, "Show whole IDs");
  flags.flag("-n,--noheading", no_heading_, "Print no column headings");
  flags.flag("-q,--quiet", quiet_, "Print only image IDs");
  flags.value("--sort", sort_, "string", "Sort by created, id, repository, size or tag")
      .choices({"created", "id", "repository", "size", "tag"});
  flags.flag("--tree", tree_, "Show images by name with their platforms below, as Docker does");
  flags.arguments(arguments_);
}

Result<int> ImagesCommand::run(Context& context) {
  if (quiet_ && !format_.empty() && !means_json(format_)) {
    return fail(Code::kInvalid, "quiet and format are mutually exclusive");
  }
  if (tree_ && (quiet_ || !format_.empty() || no_heading_)) {
    return fail(Code::kInvalid, "--tree cannot be used with --quiet, --noheading or --format");
  }
  if (!arguments_.empty() && !filters_.empty()) {
    return fail(Code::kInvalid, "cannot specify an image and a filter(s)");
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  const bool shown = !tree_ && is_short_form(format_);
  TRY_SET(const auto images,
          engine::list_images(engine, {all_, filters_, arguments_.empty() ? "" : arguments_[0], shown}));
  std::vector<Row> rows = rows_of(images);
  TRY(sort_rows(rows, sort_));

  if (tree_) {
    std::fputs(images_tree(images).c_str(), stdout);
    return 0;
  }
  if (quiet_ && format_.empty()) {
    std::unordered_set<std::string> seen;
    for (const Row& row : rows) {
      if (seen.insert(row.image->id).second) std::printf("%s\n", shown_id(*row.image, no_trunc_).c_str());
    }
    return 0;
  }
  const std::int64_t now = now_ns();
  if (format_.empty()) {
    std::fputs(align_columns(table(rows, {digests_, no_trunc_, no_heading_, history_}, now)).c_str(), stdout);
    return 0;
  }
  TRY_SET(const Relations related, relations(engine, format_, images));
  const bool as_json = means_json(format_);
  const bool labels = format_.find("abels") != std::string::npos;
  json list = json::array();
  for (const Row& row : rows) {
    list.push_back(as_json ? document(row, related) : template_row(row, no_trunc_, related, labels, now));
  }
  const Listing listing{{{"REPOSITORY", ".Repository"},
                         {"TAG", ".Tag"},
                         {"IMAGE ID", ".ID"},
                         {"CREATED", ".CreatedSince"},
                         {"SIZE", ".Size"}},
                        {{"CREATED", ".Created"},
                         {"CREATED AT", ".CreatedAt"},
                         {"DIGEST", ".Digest"},
                         {"IMAGE ID", ".Id"},
                         {"REPO TAGS", ".RepoTags"},
                         {"REPO DIGESTS", ".RepoDigests"},
                         {"VIRTUAL SIZE", ".VirtualSize"},
                         {"SHARED SIZE", ".SharedSize"},
                         {"PARENT ID", ".ParentId"},
                         {"R/O", ".ReadOnly"},
                         {"HISTORY", ".History"},
                         {"NAMES", ".Names"},
                         {"CONTAINERS", ".Containers"}},
                        no_heading_};
  TRY_SET(const std::string text, render_list(listing, format_, list, json()));
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace creel::cmd
