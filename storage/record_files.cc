#include "storage/record_files.h"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "storage/names.h"

namespace creel::storage {

using nlohmann::json;

namespace {

constexpr std::size_t kLargest = 16 << 20;

std::string quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

json texts(const std::vector<Digest>& digests) {
  json out = json::array();
  for (const Digest& digest : digests) out.push_back(digest.hex());
  return out;
}

Error malformed(const std::string& path) {
  return fail(Code::kInvalid, path + " is not a record");
}

Result<json> load(const std::string& path) {
  TRY_SET(const std::string text, read_file(path, kLargest));
  json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return malformed(path);
  return document;
}

// Members of the wrong kind, or absent, make the record useless: this file is the only witness.
class Members {
 public:
  explicit Members(const json& document) : document_(document) {}
  [[nodiscard]] bool good() const { return good_; }

  std::string text(const char* key) {
    const auto found = document_.find(key);
    if (found != document_.end() && found->is_string()) return found->get<std::string>();
    good_ = false;
    return {};
  }
  std::int64_t number(const char* key) {
    const auto found = document_.find(key);
    if (found != document_.end() && found->is_number_integer()) return found->get<std::int64_t>();
    good_ = false;
    return 0;
  }
  // As the column holds it.
  std::string nested(const char* key) {
    const auto found = document_.find(key);
    if (found != document_.end() && found->is_structured())
      return found->dump(-1, ' ', false, json::error_handler_t::replace);
    good_ = false;
    return {};
  }
  std::vector<std::string> list(const char* key) {
    std::vector<std::string> out;
    const auto found = document_.find(key);
    good_ = good_ && found != document_.end() && found->is_array();
    if (!good_) return out;
    for (const json& item : *found) {
      if (item.is_string()) {
        out.push_back(item.get<std::string>());
      } else {
        good_ = false;
      }
    }
    return out;
  }
  std::vector<Digest> digests(const char* key) {
    std::vector<Digest> out;
    for (const std::string& hex : list(key)) {
      auto digest = Digest::from_hex(hex);
      if (digest.ok()) {
        out.push_back(std::move(*digest));
      } else {
        good_ = false;
      }
    }
    return out;
  }

 private:
  const json& document_;
  bool good_ = true;
};

}  // namespace

Result<void> save_image_file(const Paths& paths, const ImageRecord& image, const NameManifests& manifests) {
  json document = {{"id", image.id},
                   {"manifest", image.manifest.text()},
                   {"diff_ids", texts(image.diff_ids)},
                   {"blobs", texts(image.blobs)},
                   {"created", image.created_ns},
                   {"size", image.size},
                   {"names", image.names},
                   {"digests", image.digests}};
  for (const auto& [name, manifest] : manifests) document["manifests"][name] = manifest.text();
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
  auto written = write_atomic(image_file(paths, image.id), text, 0600);
  if (written.ok() || written.error().err != ENOENT) return written;
  // A store that was made before these files were.
  TRY(make_dirs(image_files(paths), 0755));
  return write_atomic(image_file(paths, image.id), text, 0600);
}

Result<SavedImage> load_image_file(const Paths& paths, const std::string& id) {
  TRY_SET(const json document, load(image_file(paths, id)));
  Members members(document);
  SavedImage out;
  ImageRecord& image = out.record;
  image.id = members.text("id");
  const std::string manifest = members.text("manifest");
  image.diff_ids = members.digests("diff_ids");
  image.blobs = members.digests("blobs");
  image.created_ns = members.number("created");
  image.size = members.number("size");
  image.names = members.list("names");
  image.digests = members.list("digests");
  if (!members.good() || image.id != id) return malformed(image_file(paths, id));
  TRY_SET(image.manifest, Digest::parse(manifest));
  // Not in older files.
  if (const auto found = document.find("manifests"); found != document.end() && found->is_object()) {
    for (const auto& [name, digest] : found->items()) {
      if (!digest.is_string()) return malformed(image_file(paths, id));
      TRY_SET(out.manifests[name], Digest::parse(digest.get<std::string>()));
    }
  }
  return out;
}

// Put together as text: what is JSON already need not be parsed on the way of every `creel run`.
Result<void> save_container_file(const Paths& paths, const ContainerRecord& container,
                                 const std::vector<std::string>& volumes) {
  std::string used;
  for (const std::string& name : volumes) used += (used.empty() ? "" : ",") + quoted(name);
  std::string text;
  text.reserve(container.config.size() + 1024);
  text += R"({"id":)" + quoted(container.id) + R"(,"name":)" + quoted(container.name);
  text += R"(,"image":)" + quoted(container.image) + R"(,"image_id":)" + quoted(container.image_id);
  text += R"(,"created":)" + std::to_string(container.created_ns);
  text += R"(,"remove_on_exit":)" + std::to_string(container.remove_on_exit ? 1 : 0);
  text += R"(,"command":)" + container.command + R"(,"ports":)" + container.ports;
  text += R"(,"labels":)" + container.labels + R"(,"mounts":)" + container.mounts;
  text += R"(,"networks":)" + container.networks + R"(,"volumes":[)" + used + "]";
  text += R"(,"config":)" + container.config + "}";
  return write_atomic(container_file(paths, container.id), text, 0600);
}

bool has_container_file(const Paths& paths, const std::string& id) {
  return path_exists(container_file(paths, id));
}

Result<SavedContainer> load_container_file(const Paths& paths, const std::string& id) {
  TRY_SET(const json document, load(container_file(paths, id)));
  Members members(document);
  SavedContainer out;
  out.record.id = members.text("id");
  out.record.name = members.text("name");
  out.record.image = members.text("image");
  out.record.image_id = members.text("image_id");
  out.record.created_ns = members.number("created");
  out.record.remove_on_exit = members.number("remove_on_exit") != 0;
  out.record.command = members.nested("command");
  out.record.ports = members.nested("ports");
  out.record.labels = members.nested("labels");
  out.record.mounts = members.nested("mounts");
  out.record.networks = members.nested("networks");
  out.record.config = members.nested("config");
  out.volumes = members.list("volumes");
  if (!members.good() || out.record.id != id || out.record.name.empty()) return malformed(container_file(paths, id));
  return out;
}

Result<void> save_volume_file(const Paths& paths, const VolumeRecord& volume) {
  const std::string text = R"({"name":)" + quoted(volume.name) + R"(,"created":)" + std::to_string(volume.created_ns) +
                           R"(,"anonymous":)" + std::to_string(volume.anonymous ? 1 : 0) + R"(,"labels":)" +
                           volume.labels + R"(,"options":)" + volume.options + "}";
  TRY(make_dirs(paths.volume(volume.name), 0700));
  return write_atomic(volume_file(paths, volume.name), text, 0600);
}

Result<VolumeRecord> load_volume_file(const Paths& paths, const std::string& name) {
  TRY_SET(const json document, load(volume_file(paths, name)));
  Members members(document);
  VolumeRecord out;
  out.name = members.text("name");
  out.created_ns = members.number("created");
  out.anonymous = members.number("anonymous") != 0;
  out.labels = members.nested("labels");
  out.options = members.nested("options");
  if (!members.good() || out.name != name) return malformed(volume_file(paths, name));
  return out;
}

}  // namespace creel::storage
