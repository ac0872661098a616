// --userns, --uidmap, --gidmap, --subuidname and --subgidname: which IDs the container has.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/id_maps.h"
#include "engine/container/passes.h"
#include "engine/container/user_files.h"
#include "rootless/subordinate.h"
#include "rootless/userns.h"

namespace creel::engine {

namespace {

constexpr std::uint64_t kLeastAutoIds = 1024, kMostAutoIds = 65536;  // as Podman's, for --userns=auto without a size

// IDs that may be mapped, and how the host knows them.
struct Available {
  std::vector<rootless::IdRange> uids, gids;  // empty as root: any
  std::uint64_t uid_total = 0, gid_total = 0;
};

std::uint64_t total(const std::vector<rootless::IdRange>& ranges) {
  std::uint64_t sum = 0;
  for (const rootless::IdRange& range : ranges) sum += range.count;
  return sum;
}

Result<Available> available_ids(const Engine& engine) {
  Available out;
  if (!engine.rootless()) return out;
  TRY_SET(rootless::IdMaps maps, rootless::subordinate_maps());
  out.uids = std::move(maps.uids);
  out.gids = std::move(maps.gids);
  out.uid_total = total(out.uids);
  out.gid_total = total(out.gids);
  return out;
}

Result<std::vector<rootless::SubordinateRange>> ranges_of(const char* file, const std::string& name) {
  TRY_SET(const std::string text, read_file(file));
  auto out = rootless::parse_subordinate(text, name, static_cast<uid_t>(-1));
  if (out.empty()) {
    return fail(Code::kUnavailable, "cannot find mappings for user " + name + ": no ranges of that name in " + file)
        .with_hint("an administrator can add the line " + name + ":2147483647:2147483648 to " + file);
  }
  return out;
}

// --subuidname: its ranges one after the other, from 0 on.
Result<std::vector<GivenMap>> maps_of_name(const char* file, const std::string& name,
                                           const std::vector<rootless::IdRange>& outer) {
  TRY_SET(const auto ranges, ranges_of(file, name));
  std::vector<GivenMap> out;
  std::uint64_t next = 0;
  for (const rootless::SubordinateRange& range : ranges) {
    TRY_SET(GivenMap map, parse_id_map(std::to_string(next) + ":@" + std::to_string(range.first) + ":" +
                                           std::to_string(range.count),
                                       outer));
    next += range.count;
    out.push_back(std::move(map));
  }
  return out;
}

Result<void> own_maps(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  TRY_SET(const Available ids, available_ids(creation.engine));
  std::vector<GivenMap> users, groups;
  if (!options.subuidname.empty() || !options.subgidname.empty()) {
    if (!options.uidmap.empty() || !options.gidmap.empty()) {
      return fail(Code::kInvalid, "--subuidname and --subgidname exclude --uidmap and --gidmap");
    }
    const std::string& user = options.subuidname.empty() ? options.subgidname : options.subuidname;
    const std::string& group = options.subgidname.empty() ? options.subuidname : options.subgidname;
    TRY_SET(users, maps_of_name("/etc/subuid", user, ids.uids));
    TRY_SET(groups, maps_of_name("/etc/subgid", group, ids.gids));
  }
  for (const std::string& text : options.uidmap) {
    TRY_SET(GivenMap map, parse_id_map(text, ids.uids));
    const bool both = (map.users && map.groups) || (!map.users && !map.groups && options.gidmap.empty());
    if (both || map.groups) {
      TRY_SET(GivenMap same, parse_id_map(text, ids.gids));
      groups.push_back(std::move(same));
    }
    if (both || !map.groups) users.push_back(std::move(map));
  }
  for (const std::string& text : options.gidmap) {
    TRY_SET(GivenMap map, parse_id_map(text, ids.gids));
    const bool both = (map.users && map.groups) || (!map.users && !map.groups && options.uidmap.empty());
    if (both || map.users) {
      TRY_SET(GivenMap same, parse_id_map(text, ids.uids));
      users.push_back(std::move(same));
    }
    if (both || !map.users) groups.push_back(std::move(map));
  }
  if (users.empty() || groups.empty()) {
    return fail(Code::kInvalid, "must provide at least one UID or GID mapping to configure a user namespace");
  }
  TRY_SET(const IdMap uids, join_maps(users, ids.uid_total));
  TRY_SET(const IdMap gids, join_maps(groups, ids.gid_total));
  for (const IdMap* map : {&uids, &gids}) {
    // What mounts and makes the container's files is its root.
    if (map->front().container_id != 0) {
      return fail(Code::kInvalid, "ID 0 of the container must be mapped, as in 0:1:1000");
    }
  }
  config.userns = "private";
  config.uid_map = to_text(uids);
  config.gid_map = to_text(gids);
  return {};
}

// As many as the image's users and groups need.
std::uint64_t ids_of_image(Creation& creation) {
  std::uint64_t out = kLeastAutoIds;
  auto count = [&](const std::string& text) {
    const auto id = parse_int(text, "ID");
    if (id.ok() && *id >= 0 && static_cast<std::uint64_t>(*id) < kMostAutoIds)
      out = std::max(out, static_cast<std::uint64_t>(*id) + 1);
  };
  for (const char* file : {"etc/passwd", "etc/group"}) {
    for (const std::string& line : split(file_of_image(creation.engine, creation.config, file), '\n')) {
      const std::vector<std::string> fields = split(line, ':');
      // Every image has these two, with the last ID of all.
      if (fields[0] == "nobody" || fields[0] == "nogroup") continue;
      for (std::size_t i = 2; i < 4 && i < fields.size(); ++i) count(fields[i]);
    }
  }
  const Cut user = cut(creation.options.user.empty() ? creation.image_config.user : creation.options.user, ':');
  count(user.before);
  count(user.after);
  return out;
}

Result<void> auto_options(Creation& creation, const std::string& text) {
  AutoIds& wanted = creation.auto_ids;
  TRY_SET(const Available ids, available_ids(creation.engine));
  std::vector<GivenMap> uids, gids;
  for (const std::string& option : split(text, ',')) {
    if (option.empty()) continue;
    const Cut pair = cut(option, '=');
    if (pair.before == "size") {
      TRY_SET(const std::int64_t size, parse_int(pair.after, "--userns auto:size"));
      if (size < 1 || size > 0x7fffffff) return fail(Code::kInvalid, "--userns auto:size=" + pair.after + ": not a count of IDs");
      wanted.size = static_cast<std::uint64_t>(size);
    } else if (pair.before == "uidmapping") {
      TRY_SET(GivenMap map, parse_id_map(pair.after, ids.uids));
      uids.push_back(std::move(map));
    } else if (pair.before == "gidmapping") {
      TRY_SET(GivenMap map, parse_id_map(pair.after, ids.gids));
      gids.push_back(std::move(map));
    } else {
      return fail(Code::kInvalid, "unknown option specified: \"" + pair.before + "\"");
    }
  }
  TRY_SET(wanted.uids, join_maps(uids, ids.uid_total));
  TRY_SET(wanted.gids, join_maps(gids, ids.gid_total));
  if (wanted.size == 0) wanted.size = ids_of_image(creation);
  // Not the caller's own ID: that is what makes it auto.
  if (creation.engine.rootless()) {
    wanted.free_uids = {{1, ids.uid_total - 1}};
    wanted.free_gids = {{1, ids.gid_total - 1}};
    return {};
  }
  TRY_SET(const auto user_ranges, ranges_of("/etc/subuid", "containers"));
  TRY_SET(const auto group_ranges, ranges_of("/etc/subgid", "containers"));
  for (const rootless::SubordinateRange& range : user_ranges) wanted.free_uids.push_back({range.first, range.count});
  for (const rootless::SubordinateRange& range : group_ranges) wanted.free_gids.push_back({range.first, range.count});
  return {};
}

}  // namespace

Result<KeepId> parse_keep_id(const std::string& userns) {
  KeepId out;
  const Cut mode = cut(userns, ':');
  if (!mode.found) return out;
  for (const std::string& option : split(mode.after, ',')) {
    const Cut pair = cut(option, '=');
    if (pair.before != "uid" && pair.before != "gid") {
      return fail(Code::kInvalid, "unknown option specified: \"" + pair.before + "\" for --userns keep-id");
    }
    TRY_SET(std::int64_t id, parse_int(pair.after, "--userns keep-id " + pair.before));
    if (id < 0 || id > 0x7fffffff)
      return fail(Code::kInvalid, "--userns keep-id: " + option + ": not a user or group ID");
    (pair.before == "uid" ? out.uid : out.gid) = static_cast<std::uint32_t>(id);
  }
  return out;
}

Result<void> pass_userns(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  const std::string& given = options.userns;
  const Cut mode = cut(given, ':');
  const bool mapped = !options.uidmap.empty() || !options.gidmap.empty() || !options.subuidname.empty() ||
                      !options.subgidname.empty();
  if (mapped && !given.empty() && given != "private") {
    return fail(Code::kInvalid, "--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive");
  }
  if (mapped || given == "private") return own_maps(creation);
  if (given.empty() || given == "host") {
    config.userns = given;
  } else if (mode.before == "keep-id" || given == "nomap") {
    if (!creation.engine.rootless()) {
      return fail(Code::kInvalid, mode.before + " is only supported in rootless mode");
    }
    TRY(parse_keep_id(given));
    config.userns = given;
  } else if (mode.before == "auto") {
    config.userns = "auto";
    return auto_options(creation, mode.after);
  } else if (mode.before == "container" && !mode.after.empty()) {
    TRY_SET(config.userns, shared_with(creation, mode.after, "user"));
  } else if (mode.before == "ns" && !mode.after.empty()) {
    struct stat info {};
    if (stat(mode.after.c_str(), &info) != 0) {
      return errno_error("stat " + mode.after).within("cannot find specified user namespace path");
    }
    config.userns = given;
  } else {
    return fail(Code::kInvalid, "unrecognized namespace mode " + given + " passed");
  }
  return {};
}

Result<void> allocate_ids(Creation& creation, const std::vector<std::string>& other_configs) {
  ContainerConfig& config = creation.config;
  const AutoIds& wanted = creation.auto_ids;
  std::vector<IdSpan> uids = wanted.free_uids, gids = wanted.free_gids;
  for (const std::string& text : other_configs) {
    TRY_SET(const ContainerConfig other, config_from_json_text(text));
    for (const runtime::IdMapping& line : from_text(other.uid_map)) uids = subtract(uids, {line.host_id, line.size});
    for (const runtime::IdMapping& line : from_text(other.gid_map)) gids = subtract(gids, {line.host_id, line.size});
  }
  auto users = allocate_map(wanted.size, wanted.uids, std::move(uids));
  auto groups = allocate_map(wanted.size, wanted.gids, std::move(gids));
  for (auto* map : {&users, &groups}) {
    if (map->ok()) continue;
    return std::move(*map).error().within("creating container storage").with_hint(
        "remove containers that have a user namespace of their own, ask for fewer with --userns=auto:size=N, or have more "
        "subordinate IDs in /etc/subuid and /etc/subgid");
  }
  config.uid_map = to_text(*users);
  config.gid_map = to_text(*groups);
  return {};
}

}  // namespace creel::engine
