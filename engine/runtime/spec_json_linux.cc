#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/runtime/mount_options.h"
#include "engine/runtime/spec_json_parts.h"

namespace creel::engine::runtime {

namespace {

constexpr std::array<std::pair<NamespaceType, const char*>, 8> kNamespaces = {{{NamespaceType::kUser, "user"},
                                                                               {NamespaceType::kMount, "mount"},
                                                                               {NamespaceType::kPid, "pid"},
                                                                               {NamespaceType::kIpc, "ipc"},
                                                                               {NamespaceType::kUts, "uts"},
                                                                               {NamespaceType::kNetwork, "network"},
                                                                               {NamespaceType::kCgroup, "cgroup"},
                                                                               {NamespaceType::kTime, "time"}}};

Result<void> read_namespaces(const JsonField& field, std::vector<Namespace>& out) {
  TRY_SET(const std::size_t size, field.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = field.item(i);
    TRY(one.object());
    std::string type;
    TRY(one["type"].required());
    TRY(one["type"].read(type));
    const auto* known =
        std::find_if(kNamespaces.begin(), kNamespaces.end(), [&](const auto& each) { return each.second == type; });
    if (known == kNamespaces.end()) return one["type"].wrong("unknown namespace " + in_quotes(type));
    Namespace made{known->first, {}};
    const bool twice =
        std::any_of(out.begin(), out.end(), [&](const Namespace& each) { return each.type == made.type; });
    if (twice) return one["type"].wrong(in_quotes(type) + " is listed twice");
    // Go's programs write an empty path where there is none.
    if (const JsonField path = one["path"]; !path.absent() && path.value() != "") {
      TRY(read_absolute_path(path, made.path));
    }
    out.push_back(std::move(made));
  }
  return {};
}

Result<void> read_devices(const JsonField& field, std::vector<Device>& out) {
  TRY_SET(const std::size_t size, field.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = field.item(i);
    TRY(one.object());
    Device device;
    TRY(one["path"].required());
    TRY(read_absolute_path(one["path"], device.path));
    std::string type;
    TRY(one["type"].required());
    TRY(one["type"].read(type));
    if (type == "u") type = "c";
    if (type != "c" && type != "b" && type != "p") return one["type"].wrong("c, b, u or p is expected");
    device.type = type[0];
    for (const auto& [key, number] : {std::pair("major", &device.major), std::pair("minor", &device.minor)}) {
      if (device.type != 'p') TRY(one[key].required());
      TRY(one[key].read(*number, 0, INT32_MAX));
    }
    // Some engines leave the type of the file in it.
    TRY(one["fileMode"].read(device.mode, std::uint32_t{0177777}));
    device.mode &= 07777;
    TRY(one["uid"].read(device.uid, UINT32_MAX - 1));
    TRY(one["gid"].read(device.gid, UINT32_MAX - 1));
    out.push_back(std::move(device));
  }
  return {};
}

Result<void> read_paths(const JsonField& field, std::vector<std::string>& out) {
  std::vector<std::string> all;
  TRY(field.read(all));
  for (std::size_t i = 0; i < all.size(); ++i) TRY(read_absolute_path(field.item(i), all[i]));
  out = std::move(all);
  return {};
}

Result<void> read_time_offsets(const JsonField& field, std::map<std::string, TimeOffset>& out) {
  if (field.absent()) return {};
  TRY(field.object());
  for (const auto& [clock, value] : field.value().items()) {
    if (clock != "monotonic" && clock != "boottime") return field.wrong("unknown clock " + in_quotes(clock));
    const JsonField one = field[clock.c_str()];
    if (one.absent()) continue;
    TRY(one.object());
    TimeOffset offset;
    TRY(one["secs"].read(offset.seconds));
    TRY(one["nanosecs"].read(offset.nanoseconds, std::uint32_t{999999999}));
    out[clock] = offset;
  }
  return {};
}

Result<void> read_personality(const JsonField& field, std::optional<Personality>& out) {
  if (field.absent()) return {};
  TRY(field.object());
  Personality made;
  TRY(field["domain"].required());
  TRY(field["domain"].read(made.domain));
  if (made.domain != "LINUX" && made.domain != "LINUX32") {
    return field["domain"].wrong("unknown domain " + in_quotes(made.domain));
  }
  TRY(field["flags"].read(made.flags));
  // config-linux.md defines none.
  if (!made.flags.empty()) return field["flags"].item(0).wrong("unknown flag " + in_quotes(made.flags[0]));
  out = std::move(made);
  return {};
}

// engine/runtime/seccomp judges what it says when the filter is made: a profile that was seen before costs nothing.
Result<void> read_seccomp(const JsonField& field, Seccomp& out) {
  if (field.absent()) {
    out = {SeccompKind::kUnconfined, {}};
    return {};
  }
  TRY(field.object());
  out.kind = SeccompKind::kProfile;
  out.profile = field.value().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return {};
}

Result<void> read_propagation(const JsonField& field, std::string& out) {
  TRY(field.read(out));
  if (!out.empty() && propagation_of(out) == 0) return field.wrong("unknown propagation " + in_quotes(out));
  return {};
}

Result<void> refuse_unbuilt(const JsonField& field) {
  static constexpr std::array<std::pair<const char*, const char*>, 3> kRefused = {
      {{"intelRdt", "control of caches and memory bandwidth is not supported"},
       {"memoryPolicy", "policies of NUMA memory are not supported"},
       {"netDevices", "moving network devices is not supported"}}};
  for (const auto& [key, why] : kRefused) {
    const JsonField one = field[key];
    if (one.absent()) continue;
    TRY(one.object());
    if (!one.value().empty()) return one.unsupported(why);
  }
  return {};
}

bool has_new(const Spec& spec, NamespaceType type) {
  return std::any_of(spec.namespaces.begin(), spec.namespaces.end(),
                     [type](const Namespace& one) { return one.type == type && one.path.empty(); });
}

// A mapping can be given only to a namespace that is made; a joined one has its own.
Result<void> check_mappings(const JsonField& field, const Spec& spec) {
  const bool wanted = has_new(spec, NamespaceType::kUser);
  for (const auto& [key, map] :
       {std::pair("uidMappings", &spec.uid_mappings), std::pair("gidMappings", &spec.gid_mappings)}) {
    if (wanted && map->empty()) return field[key].wrong("missing: a new user namespace needs it");
    const bool joined = std::any_of(spec.namespaces.begin(), spec.namespaces.end(),
                                    [](const Namespace& one) { return one.type == NamespaceType::kUser; });
    if (!joined && !map->empty()) return field[key].wrong("there is no user namespace to be mapped");
  }
  return {};
}

}  // namespace

const char* namespace_name(NamespaceType type) {
  const auto* found =
      std::find_if(kNamespaces.begin(), kNamespaces.end(), [type](const auto& one) { return one.first == type; });
  return found->second;
}

Result<void> read_linux(const JsonField& field, Spec& out) {
  if (field.absent()) return read_seccomp(field, out.seccomp);
  TRY(field.object());
  TRY(read_namespaces(field["namespaces"], out.namespaces));
  TRY(read_id_mappings(field["uidMappings"], out.uid_mappings));
  TRY(read_id_mappings(field["gidMappings"], out.gid_mappings));
  TRY(check_mappings(field, out));
  TRY(read_time_offsets(field["timeOffsets"], out.time_offsets));
  if (!out.time_offsets.empty() && !has_new(out, NamespaceType::kTime)) {
    return field["timeOffsets"].wrong("there is no new time namespace");
  }
  TRY(read_devices(field["devices"], out.devices));
  TRY(field["cgroupsPath"].read(out.cgroups_path));
  TRY(read_resources(field["resources"], out.resources));
  TRY(read_propagation(field["rootfsPropagation"], out.rootfs_propagation));
  TRY(read_seccomp(field["seccomp"], out.seccomp));
  TRY(field["sysctl"].read(out.sysctl));
  TRY(read_paths(field["maskedPaths"], out.masked_paths));
  TRY(read_paths(field["readonlyPaths"], out.readonly_paths));
  TRY(field["mountLabel"].read(out.mount_label));
  TRY(read_personality(field["personality"], out.personality));
  return refuse_unbuilt(field);
}

}  // namespace creel::engine::runtime
