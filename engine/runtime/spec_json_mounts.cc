// The sections mounts and hooks, and ID mappings wherever they stand.
#include <algorithm>

#include "engine/runtime/spec_json_parts.h"

namespace creel::engine::runtime {

namespace {

Result<Mount> read_mount(const JsonField& field) {
  TRY(field.object());
  Mount mount;
  TRY(field["destination"].required());
  TRY(read_absolute_path(field["destination"], mount.destination));
  TRY(field["type"].read(mount.type));
  TRY(field["source"].read(mount.source));
  TRY(field["options"].read(mount.options));
  TRY(read_id_mappings(field["uidMappings"], mount.uid_mappings));
  TRY(read_id_mappings(field["gidMappings"], mount.gid_mappings));
  const auto has = [&](const char* option) {
    return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
  };
  const bool bind = mount.type == "bind" || has("bind") || has("rbind");
  if (bind && mount.source.empty()) return field["source"].wrong("a bind mount needs one");
  if (!bind && mount.type.empty()) return field["type"].wrong("missing");
  // config.md: both or neither.
  if (mount.uid_mappings.empty() != mount.gid_mappings.empty()) {
    return field[mount.uid_mappings.empty() ? "uidMappings" : "gidMappings"].wrong("missing beside the other mapping");
  }
  return mount;
}

Result<void> read_hook_list(const JsonField& field, std::vector<Hook>& out) {
  TRY_SET(const std::size_t size, field.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = field.item(i);
    TRY(one.object());
    Hook hook;
    TRY(one["path"].required());
    TRY(read_absolute_path(one["path"], hook.path));
    TRY(one["args"].read(hook.args));
    TRY(one["env"].read(hook.env));
    TRY(one["timeout"].read(hook.timeout_s, 1, INT32_MAX));
    out.push_back(std::move(hook));
  }
  return {};
}

}  // namespace

Result<void> read_absolute_path(const JsonField& field, std::string& out) {
  if (field.absent()) return {};
  std::string path;
  TRY(field.read(path));
  if (path.empty() || path[0] != '/') return field.wrong("an absolute path is expected, not " + in_quotes(path));
  out = std::move(path);
  return {};
}

Result<void> read_id_mappings(const JsonField& field, std::vector<IdMapping>& out) {
  TRY_SET(const std::size_t size, field.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = field.item(i);
    TRY(one.object());
    IdMapping map{};
    TRY(one["containerID"].required());
    TRY(one["containerID"].read(map.container_id));
    TRY(one["hostID"].required());
    TRY(one["hostID"].read(map.host_id));
    TRY(one["size"].required());
    TRY(one["size"].read(map.size));
    if (map.size == 0) return one["size"].wrong("must not be 0");
    constexpr std::uint64_t kEnd = std::uint64_t{1} << 32;
    if (std::max(map.container_id, map.host_id) + std::uint64_t{map.size} > kEnd) {
      return one["size"].wrong("goes beyond the largest ID");
    }
    out.push_back(map);
  }
  return {};
}

Result<void> read_mounts(const JsonField& field, std::vector<Mount>& out) {
  TRY_SET(const std::size_t size, field.count());
  out.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    TRY_SET(Mount mount, read_mount(field.item(i)));
    out.push_back(std::move(mount));
  }
  return {};
}

Result<void> read_hooks(const JsonField& field, Spec& out) {
  if (field.absent()) return {};
  TRY(field.object());
  TRY(read_hook_list(field["prestart"], out.prestart));
  TRY(read_hook_list(field["createRuntime"], out.create_runtime));
  TRY(read_hook_list(field["createContainer"], out.create_container));
  TRY(read_hook_list(field["startContainer"], out.start_container));
  TRY(read_hook_list(field["poststart"], out.poststart));
  return read_hook_list(field["poststop"], out.poststop);
}

}  // namespace creel::engine::runtime
