#include "engine/image/transfer/commit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/state.h"
#include "engine/image/transfer/changes.h"
#include "engine/image/transfer/install.h"
#include "engine/image/transfer/naming.h"
#include "engine/json.h"
#include "registry/oci/conversion.h"
#include "storage/pack/pack.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
namespace pack = storage::pack;
namespace unpack = storage::unpack;
using nlohmann::json;
using storage::ImageRecord;
using storage::Staging;
using storage::Store;

namespace {

constexpr const char* kBlobName = "blob";
constexpr const char* kTreeName = "layer";

// What the engine makes in a container to mount something on.
const std::vector<std::string>& mount_points() {
  static const std::vector<std::string> all = {"dev",         "proc",      "sys",          "run/.containerenv",
                                               "run/secrets", "etc/hosts", "etc/hostname", "etc/resolv.conf"};
  return all;
}

// The container's directories, top first.
Result<std::vector<Fd>> roots_of(Engine& engine, const ContainerConfig& config, bool all) {
  std::vector<std::string> paths;
  if (config.rootfs.empty()) {
    paths.push_back(engine.paths().container(config.id) + "/upper");
    if (all) {
      for (auto layer = config.layers.rbegin(); layer != config.layers.rend(); ++layer) {
        paths.push_back(engine.paths().layer(*layer));
      }
    }
  } else {
    paths.push_back(config.rootfs);
  }
  std::vector<Fd> out;
  for (const std::string& path : paths) {
    TRY_SET(Fd fd, open_file(path, O_RDONLY | O_DIRECTORY));
    out.push_back(std::move(fd));
  }
  return out;
}

// Goes on when this goes out of scope, however that happens.
class Pause {
 public:
  Pause(Engine& engine, std::string id) : engine_(engine), id_(std::move(id)) {}
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  ~Pause() {
    if (paused_) (void)unpause(engine_, id_).ok();
  }
  // One that does not run, or stands still already, needs none.
  Result<void> begin() {
    if (observe(engine_, id_).status != monitor::Status::kRunning) return {};
    TRY(pause(engine_, id_));
    paused_ = true;
    return {};
  }

 private:
  Engine& engine_;
  std::string id_;
  bool paused_ = false;
};

// Variables that the engine has set, not the image nor the user. Proxies may hold passwords.
bool is_engines_own(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return name == "container" || name == "container_uuid" || name == "HOSTNAME" || name == "TERM" ||
         lower.ends_with("_proxy");
}

json env_of(const ContainerConfig& config, const json& images) {
  json out = json::array();
  std::set<std::string> of_image;
  for (const std::string& entry : texts_of(images, "Env")) of_image.insert(entry.substr(0, entry.find('=')));
  for (const std::string& entry : config.env) {
    const std::string name = entry.substr(0, entry.find('='));
    if (of_image.contains(name) || !is_engines_own(name)) out.push_back(entry);
  }
  return out;
}

void set_or_erase(json& section, const char* key, json value) {
  if (value.empty()) {
    section.erase(key);
  } else {
    section[key] = std::move(value);
  }
}

// The container's own words replace the image's.
void apply_container(const ContainerConfig& config, bool include_volumes, json& section) {
  set_or_erase(section, "Env", env_of(config, section));
  set_or_erase(section, "Entrypoint", config.entrypoint);
  set_or_erase(section, "Cmd", config.command);
  if (!config.user.empty()) section["User"] = config.user;
  if (!config.workdir.empty()) section["WorkingDir"] = config.workdir;
  if (!config.labels.empty()) section["Labels"] = config.labels;
  if (!section.contains("StopSignal") && config.stop_signal != "SIGTERM") section["StopSignal"] = config.stop_signal;
  for (const std::string& port : config.exposed) section["ExposedPorts"][port] = json::object();
  for (const net::PortMapping& port : config.ports) {
    section["ExposedPorts"][std::to_string(port.container_port) + "/" + port.protocol] = json::object();
  }
  if (!include_volumes) return;
  for (const VolumeMount& mount : config.mounts) {
    if (mount.type != VolumeMount::Type::kTmpfs) section["Volumes"][mount.destination] = json::object();
  }
}

// --config: members join what is an object (ports, labels, volumes) and replace the rest; variables go by their names.
Result<void> apply_config(const std::string& text, json& section) {
  if (text.empty()) return {};
  TRY_SET(const json given, parse_json(text, "the file of --config"));
  if (!given.is_object()) return fail(Code::kInvalid, "parsing the file of --config: it is no JSON object");
  for (const auto& [key, value] : given.items()) {
    if (value.is_null()) continue;
    if (key == "Env") {
      for (const std::string& entry : texts_of(given, "Env")) TRY(apply_change("ENV " + entry, section));
    } else if (value.is_object() && section[key].is_object()) {
      section[key].update(value);
    } else {
      section[key] = value;
    }
  }
  return {};
}

std::string created_by(const ContainerConfig& config) {
  std::vector<std::string> words = config.entrypoint;
  words.insert(words.end(), config.command.begin(), config.command.end());
  return join(words, " ");
}

class Commit {
 public:
  Commit(Engine& engine, const CommitOptions& options) : engine_(engine), options_(options) {}

  Result<std::string> run(const std::string& container, Progress& progress);

 private:
  Result<void> find(const std::string& container);
  Result<unpack::Unpacked> pack_files(const Staging& staging);
  [[nodiscard]] Result<std::string> make_config(const Digest& diff_id) const;
  [[nodiscard]] std::vector<oci::Descriptor> layers(const unpack::Unpacked& top) const;

  Engine& engine_;
  const CommitOptions& options_;
  ContainerConfig config_;
  ImageRecord image_;
  oci::Manifest base_;
};

Result<void> Commit::find(const std::string& container) {
  TRY_SET(const storage::ContainerRecord record, find_record(engine_, container));
  TRY_SET(config_, config_of(record));
  if (!config_.rootfs.empty()) {
    return fail(Code::kUnsupported, "committing " + container + ": it runs on --rootfs, not on an image")
        .with_hint("creel export " + container + " | creel import - NAME");
  }
  TRY_SET(Store * store, engine_.store(Store::Access::kWrite));
  TRY_SET(const auto image, store->image_by_id(config_.image_id));
  if (!image) return fail(Code::kNotFound, "committing " + container + ": its image is gone");
  image_ = *image;
  TRY_SET(const Fd blob, store->open_blob(image_.manifest));
  TRY_SET(const std::string text, read_all(blob.get(), oci::kMaxManifestBytes));
  TRY_SET(base_, oci::parse_manifest(text, {}));
  return {};
}

Result<unpack::Unpacked> Commit::pack_files(const Staging& staging) {
  Pause pause(engine_, config_.id);
  if (options_.pause) TRY(pause.begin());
  TRY_SET(std::vector<Fd> roots, roots_of(engine_, config_, options_.squash));
  pack::Walk walk(std::move(roots), options_.squash ? pack::Walk::Mode::kWhole : pack::Walk::Mode::kChanges,
                  engine_.rootless());
  walk.leave_out(mount_points());
  TRY_SET(const Fd blob, open_at(staging.dir(), kBlobName, O_WRONLY | O_CREAT | O_EXCL, 0644));
  if (mkdirat(staging.dir(), kTreeName, 0755) != 0) return errno_error("making a directory in the store");
  TRY_SET(const Fd tree, open_at(staging.dir(), kTreeName, O_RDONLY | O_DIRECTORY));
  TRY_SET(unpack::Unpacked packed, pack::pack_layer(walk, blob.get(), tree.get(), {.user_xattr = engine_.rootless()}));
  for (const std::string& path : walk.skipped()) {
    engine_.warn("/" + path + " is left out: in an image its name means that another file is deleted");
  }
  return packed;
}

Result<std::string> Commit::make_config(const Digest& diff_id) const {
  TRY_SET(json document, parse_json(image_.config, "image configuration"));
  json section = member(document, "config");
  if (!section.is_object()) section = json::object();
  apply_container(config_, options_.include_volumes, section);
  TRY(apply_config(options_.config, section));
  for (const std::string& change : options_.changes) TRY(apply_change(change, section));
  document["config"] = std::move(section);
  // What older images say of the container that they were made of.
  for (const char* key : {"container", "container_config", "comment", "id", "parent"}) document.erase(key);

  const std::string created = format_rfc3339(now_ns());
  document["created"] = created;
  json entry = {{"created", created}, {"created_by", created_by(config_)}};
  if (!options_.author.empty()) document["author"] = entry["author"] = options_.author;
  if (!options_.message.empty()) {
    entry["comment"] = options_.message;
    if (options_.docker) document["comment"] = options_.message;
  }
  json& history = document["history"];
  if (!history.is_array() || options_.squash) history = json::array();
  history.push_back(std::move(entry));
  json& ids = document["rootfs"]["diff_ids"];
  if (!ids.is_array() || options_.squash) ids = json::array();
  ids.push_back(diff_id.text());
  document["rootfs"]["type"] = "layers";
  return dump_json(document);
}

std::vector<oci::Descriptor> Commit::layers(const unpack::Unpacked& top) const {
  std::vector<oci::Descriptor> out;
  if (!options_.squash) out = base_.layers;
  out.push_back({.media_type = oci::kOciLayerGzip, .digest = top.blob, .size = top.blob_size});
  for (oci::Descriptor& layer : out) layer.media_type = oci::layer_type_in(layer.media_type, options_.docker);
  return out;
}

struct NoSource : BlobSource {
  Result<void> fetch(const oci::Descriptor& blob, const Sink&) override {
    return fail(Code::kFailed,
                "layer " + blob.digest.text() + " of the container's image is not in the store any more");
  }
};

Result<std::string> Commit::run(const std::string& container, Progress& progress) {
  Incoming image;
  if (!options_.reference.empty()) {
    TRY_SET(const Reference reference, parse_local_reference(options_.reference));
    if (!reference.digest.empty()) {
      return fail(Code::kInvalid, options_.reference + ": an image that is made cannot be given a digest");
    }
    image.names.push_back(reference.repository() + ":" + reference.tag);
  }
  TRY(find(container));
  // What is wrong with the flags is said before a byte is read.
  TRY(make_config(Digest()));
  TRY_SET(Store * store, engine_.store(Store::Access::kWrite));
  TRY_SET(Staging staging, store->new_staging());
  auto packed = pack_files(staging);
  if (!packed.ok()) return std::move(packed).error().within("committing " + container);

  TRY_SET(std::string config, make_config(packed->diff_id));
  image.config = text_blob(std::move(config));
  const oci::Descriptor config_blob{.media_type = options_.docker ? oci::kDockerConfig : oci::kOciConfig,
                                    .digest = image.config.digest,
                                    .size = std::ssize(image.config.bytes)};
  image.manifest_text = text_blob(oci::make_manifest(config_blob, layers(*packed), options_.docker));
  TRY_SET(image.manifest, oci::parse_manifest(image.manifest_text.bytes, {}));
  for (const std::string& name : image.names) {
    image.digests.push_back(name.substr(0, name.rfind(':')) + "@" + image.manifest_text.digest.text());
  }
  NoSource none;
  Arrived arrived{std::move(staging), kBlobName, kTreeName, packed->blob, packed->tree_size};
  return install(engine_, image, none, progress, std::move(arrived));
}

}  // namespace

Result<std::string> commit(Engine& engine, const std::string& container, const CommitOptions& options,
                           Progress& progress) {
  return Commit(engine, options).run(container, progress);
}

Result<void> export_container(Engine& engine, const std::string& container, int out) {
  TRY_SET(const storage::ContainerRecord record, find_record(engine, container));
  TRY_SET(const ContainerConfig config, config_of(record));
  TRY_SET(std::vector<Fd> roots, roots_of(engine, config, true));
  pack::Walk walk(std::move(roots), pack::Walk::Mode::kWhole, engine.rootless());
  auto written = pack::pack_tar(walk, out);
  if (!written.ok()) return std::move(written).error().within("exporting " + container);
  return {};
}

}  // namespace creel::engine::transfer
