#include "engine/image/transfer/podman_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/transfer/naming.h"
#include "registry/encoding.h"
#include "registry/oci/json.h"

namespace creel::engine::transfer {

using nlohmann::json;
using registry::oci::int_member;
using registry::oci::member;
using registry::oci::string_member;

namespace {

constexpr std::size_t kRecordsLimit = 256 << 20;
constexpr std::size_t kDataLimit = 8 << 20;
constexpr std::size_t kMaxLayers = 500;

bool is_hex(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string default_root(bool rootless) {
  if (!rootless) return "/var/lib/containers/storage";
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return std::string(data) + "/containers/storage";
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "" : home) + "/.local/share/containers/storage";
}

Result<std::string> read_beneath(int root, const std::string& path, std::size_t limit) {
  TRY_SET(const Fd fd, open_beneath(root, path, O_RDONLY | O_NONBLOCK));
  auto text = read_all(fd.get(), limit);
  if (!text.ok()) return std::move(text).error().within(path);
  return text;
}

Result<json> records(int root, const std::string& path) {
  TRY_SET(const std::string text, read_beneath(root, path, kRecordsLimit));
  json list = registry::oci::parse_json(text);
  if (!list.is_array()) return fail(Code::kInvalid, path + " is no list of records");
  return list;
}

std::vector<std::string> names_of(const json& record) {
  std::vector<std::string> out;
  if (const json* names = member(record, "names"); names != nullptr && names->is_array()) {
    for (const json& name : *names) {
      if (name.is_string()) out.push_back(name.get<std::string>());
    }
  }
  return out;
}

// In the order in which Podman tries them.
std::vector<std::string> completed(const std::string& reference) {
  std::vector<std::string> out;
  for (const auto& parsed : {parse_local_reference(reference), parse_reference(reference)}) {
    if (parsed.ok() && parsed->digest.empty()) out.push_back(parsed->repository() + ":" + parsed->tag);
  }
  return out;
}

// The file that holds big data of that key.
std::string file_of(const std::string& key) {
  const bool plain = std::all_of(key.begin(), key.end(),
                                 [](char c) { return c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
  return plain ? key : "=" + registry::base64_encode(key);
}

}  // namespace

Result<PodmanStore> PodmanStore::open(const std::string& specification, bool rootless) {
  std::string path = specification, driver;
  if (const Cut parts = cut(path, '@'); parts.found) {
    driver = parts.before;
    path = parts.after;
  }
  path = path.substr(0, path.find_first_of("+:"));
  if (path.empty()) path = default_root(rootless);
  auto root = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!root.ok()) {
    Error error = std::move(root).error();
    error.code = Code::kNotFound;
    error.hint = "containers-storage:[overlay@DIRECTORY]NAME names a store elsewhere";
    return std::move(error).within("opening Podman's store");
  }
  if (driver.empty()) {
    // The driver that the store was made with leaves its records there.
    for (const char* each : {"overlay", "vfs"}) {
      const std::string records = std::string(each) + "-images/images.json";
      if (driver.empty() && ::faccessat(root->get(), records.c_str(), F_OK, 0) == 0) driver = each;
    }
    if (driver.empty()) return fail(Code::kNotFound, "there is no image of Podman's in " + path);
  }
  if (driver != "overlay" && driver != "vfs") {
    return fail(Code::kUnsupported, "reading Podman's store in " + path + ": driver " + driver + " is not built");
  }
  return PodmanStore(std::move(*root), std::move(driver));
}

Result<StoredImage> PodmanStore::find(const std::string& reference) const {
  TRY_SET(const json list, records(root_.get(), driver_ + "-images/images.json"));
  const std::vector<std::string> wanted = completed(reference);
  const std::string id = reference.starts_with("sha256:") ? reference.substr(7) : reference;
  const json* found = nullptr;
  StoredImage out;
  for (const std::string& name : wanted) {
    for (const json& record : list) {
      const auto names = names_of(record);
      if (found != nullptr || std::find(names.begin(), names.end(), name) == names.end()) continue;
      found = &record;
      out.names = {name};
    }
  }
  if (found == nullptr && is_hex(id) && id.size() >= 3) {
    for (const json& record : list) {
      if (!string_member(record, "id").starts_with(id)) continue;
      if (found != nullptr) return fail(Code::kInvalid, "several images of Podman's have an ID that begins with " + id);
      found = &record;
      out.names = names_of(record);
    }
  }
  if (found == nullptr)
    return fail(Code::kNotFound, registry::oci::printable(reference) + ": image not known to Podman");
  out.id = string_member(*found, "id");
  if (!is_hex(out.id)) return fail(Code::kInvalid, "the record of " + reference + " in Podman's store is damaged");
  const std::string top = string_member(*found, "layer");
  if (!top.empty()) {
    TRY_SET(out.layers, layers_of(top));
  }
  return out;
}

Result<std::vector<StoredLayer>> PodmanStore::layers_of(const std::string& top) const {
  TRY_SET(const json list, records(root_.get(), driver_ + "-layers/layers.json"));
  std::map<std::string, const json*> by_id;
  for (const json& record : list) by_id.emplace(string_member(record, "id"), &record);
  std::vector<StoredLayer> out;
  for (std::string id = top; !id.empty();) {
    const auto found = by_id.find(id);
    if (found == by_id.end() || !is_hex(id) || out.size() > kMaxLayers) {
      return fail(Code::kInvalid, "Podman's store has no layer " + registry::oci::printable(id));
    }
    const json& record = *found->second;
    auto diff_id = Digest::parse(string_member(record, "diff-digest"));
    const auto size = int_member(record, "diff-size");
    if (!diff_id.ok() || !size || *size < 0) {
      return fail(Code::kUnsupported, "layer " + id + " of Podman's store is not known as a tar");
    }
    out.push_back({id, *diff_id, *size});
    id = string_member(record, "parent");
  }
  std::reverse(out.begin(), out.end());
  return out;
}

Result<std::string> PodmanStore::data(const StoredImage& image, const std::string& key) const {
  return read_beneath(root_.get(), driver_ + "-images/" + image.id + "/" + file_of(key), kDataLimit);
}

Result<Fd> PodmanStore::tar_split(const StoredLayer& layer) const {
  auto fd = open_beneath(root_.get(), driver_ + "-layers/" + layer.id + ".tar-split.gz", O_RDONLY | O_NONBLOCK);
  if (!fd.ok() && fd.error().err == ENOENT) {
    return fail(Code::kUnsupported, "layer " + layer.id +
                                        " of Podman's store cannot be put together again: how its tar "
                                        "was made is not recorded");
  }
  return fd;
}

Result<Fd> PodmanStore::files(const StoredLayer& layer) const {
  const std::string path = driver_ == "vfs" ? "vfs/dir/" + layer.id : "overlay/" + layer.id + "/diff";
  return open_beneath(root_.get(), path, O_RDONLY | O_DIRECTORY);
}

}  // namespace creel::engine::transfer
