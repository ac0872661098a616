// -v, --mount, --tmpfs, --volumes-from, the image's VOLUMEs, and --secret.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "engine/container/passes.h"
#include "engine/container/state.h"
#include "engine/image/obtain.h"
#include "engine/json.h"
#include "engine/secret/use.h"
#include "engine/volume/volume.h"

namespace creel::engine {

namespace {

Result<void> resolve_bind(VolumeMount& mount) {
  if (mount.source.front() != '/') {
    char here[4096];
    if (!getcwd(here, sizeof here)) return errno_error("finding the current directory");
    mount.source = std::string(here) + "/" + mount.source;
  }
  mount.source = clean_path(mount.source);
  struct stat info {};
  if (stat(mount.source.c_str(), &info) != 0) return errno_error("statfs " + mount.source);
  return {};
}

// What a volume is, it stays; only one that is not there yet is as it is asked for here.
Result<void> resolve_driver(Creation& creation, VolumeMount& mount) {
  TRY_SET(storage::Store * store, creation.engine.store());
  TRY_SET(const auto existing, store->volume(mount.name));
  if (existing) {
    mount.driver_options = text_map_from_column(existing->options);
  } else if (!mount.driver_options.empty()) {
    std::vector<std::string> texts;
    for (const auto& [key, value] : mount.driver_options) {
      if (key != "UID" && key != "GID") texts.push_back(key + "=" + value);
    }
    TRY_SET(mount.driver_options, parse_volume_options(texts));
  }
  const bool overlay = std::find(mount.options.begin(), mount.options.end(), "O") != mount.options.end();
  if (overlay && is_mounted(mount.driver_options)) {
    return fail(Code::kUnsupported, "volume " + mount.name + ": the option O is for volumes that are directories");
  }
  return {};
}

Result<void> resolve_volume(Creation& creation, VolumeMount& mount) {
  if (mount.name.empty()) {
    mount.anonymous = true;
    mount.name = random_hex(32);
  }
  TRY(check_volume_name(mount.name));
  TRY(resolve_driver(creation, mount));
  mount.source = creation.engine.paths().volume_data(mount.name);
  storage::VolumeRecord record;
  record.name = mount.name;
  record.created_ns = creation.config.created_ns;
  record.anonymous = mount.anonymous;
  record.options = dump_json(mount.driver_options);
  record.labels = dump_json(mount.labels);
  creation.volumes.push_back(std::move(record));
  return {};
}

Result<void> resolve_image(Creation& creation, VolumeMount& mount) {
  for (const std::string& option : mount.options) {
    if (option.rfind("subpath=", 0) == 0) {
      return fail(Code::kUnsupported, "--mount type=image: subpath is not built yet");
    }
  }
  TRY_SET(const auto image, image_at_hand(creation.engine, mount.name, PullPolicy::kNever, ""));
  if (!image) return fail(Code::kNotFound, mount.name + ": image not known");
  mount.layers.clear();
  for (const Digest& layer : image->diff_ids) mount.layers.push_back(layer.hex());
  mount.source = image->id;
  return {};
}

// "CONTAINER[:ro|rw|z]": all that it has mounted, where nothing else is asked for.
Result<void> add_volumes_from(Creation& creation, const std::string& text, std::vector<VolumeMount>& out) {
  const Cut parts = cut(text, ':');
  const std::vector<std::string> options = parts.found ? split(parts.after, ',') : std::vector<std::string>();
  for (const std::string& option : options) {
    if (option != "ro" && option != "rw" && option != "z") {
      return fail(Code::kInvalid,
                  "invalid option \"" + option + "\" of --volumes-from: only ro, rw and z are known: invalid argument");
    }
  }
  auto record = find_record(creation.engine, parts.before);
  if (!record.ok())
    return std::move(record).error().within("looking up container \"" + parts.before + "\" of --volumes-from");
  TRY_SET(const ContainerConfig other, config_of(*record));
  for (VolumeMount mount : other.mounts) {
    for (const std::string& option : options) {
      if (option != "z")
        std::erase_if(mount.options, [](const std::string& had) { return had == "ro" || had == "rw"; });
      mount.options.push_back(option);
    }
    std::erase_if(out, [&](const VolumeMount& had) { return had.destination == mount.destination; });
    out.push_back(std::move(mount));
  }
  return {};
}

Result<void> add_image_volumes(Creation& creation, std::set<std::string>& destinations,
                               std::vector<VolumeMount>& mounts) {
  const std::string& mode = creation.options.image_volume;
  if (mode == "ignore") return {};
  if (mode != "anonymous" && mode != "bind" && mode != "tmpfs" && !mode.empty()) {
    return fail(Code::kInvalid, "invalid image-volume type \"" + mode + "\"")
        .with_hint("Choose from: anonymous, tmpfs, ignore.");
  }
  for (const std::string& path : creation.image_config.volumes) {
    if (path.empty()) continue;
    const std::string destination = clean_path("/" + path);
    if (destination == "/" || !destinations.insert(destination).second) continue;
    VolumeMount mount;
    mount.type = mode == "tmpfs" ? VolumeMount::Type::kTmpfs : VolumeMount::Type::kVolume;
    mount.destination = destination;
    mounts.push_back(std::move(mount));
  }
  return {};
}

}  // namespace

Result<void> pass_mounts(Creation& creation) {
  const CreateOptions& options = creation.options;
  std::vector<VolumeMount>& mounts = creation.config.mounts;
  for (const std::string& text : options.volume) {
    TRY_SET(VolumeMount mount, parse_volume(text));
    mounts.push_back(std::move(mount));
  }
  for (const std::string& text : options.mount) {
    TRY_SET(VolumeMount mount, parse_mount(text));
    mounts.push_back(std::move(mount));
  }
  for (const std::string& text : options.tmpfs) {
    TRY_SET(VolumeMount mount, parse_tmpfs(text));
    mounts.push_back(std::move(mount));
  }
  std::set<std::string> destinations;
  for (const VolumeMount& mount : mounts) {
    if (!destinations.insert(mount.destination).second) {
      return fail(Code::kInvalid, mount.destination + ": duplicate mount destination");
    }
  }
  std::vector<VolumeMount> others;
  for (const std::string& text : options.volumes_from) TRY(add_volumes_from(creation, text, others));
  for (VolumeMount& mount : others) {
    if (destinations.insert(mount.destination).second) mounts.push_back(std::move(mount));
  }
  TRY(add_image_volumes(creation, destinations, mounts));
  // Nothing is made here: volumes appear with the container's record, their directories after it.
  for (VolumeMount& mount : mounts) {
    if (mount.type == VolumeMount::Type::kBind) TRY(resolve_bind(mount));
    if (mount.type == VolumeMount::Type::kImage) TRY(resolve_image(creation, mount));
    if (mount.type == VolumeMount::Type::kVolume && !mount.name.empty()) TRY(check_volume_name(mount.name));
  }
  for (VolumeMount& mount : mounts) {
    if (mount.type == VolumeMount::Type::kVolume) TRY(resolve_volume(creation, mount));
  }
  for (const std::string& text : options.secret) {
    TRY_SET(SecretUse use, parse_secret_use(creation.engine, text));
    creation.config.secrets.push_back(std::move(use));
  }
  return {};
}

}  // namespace creel::engine
