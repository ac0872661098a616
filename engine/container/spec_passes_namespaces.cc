// Which namespaces the container has of its own, which it joins, and its IDs.
#include <unistd.h>

#include <algorithm>

#include "engine/container/id_maps.h"
#include "engine/container/joined_namespaces.h"
#include "engine/container/passes.h"
#include "engine/container/spec_passes.h"
#include "rootless/userns.h"

namespace creel::engine {

namespace {

using runtime::IdMapping;
using runtime::NamespaceType;
using runtime::Spec;

// IDs of the container -> IDs of the engine's user namespace, where 0 is the caller and 1… are the subordinate ones.
IdMap keep_map(std::uint32_t id, std::uint32_t total) {
  IdMap out;
  const std::uint32_t below = std::min(id, total - 1);
  if (below > 0) out.push_back({0, 1, below});
  out.push_back({id, 0, 1});
  if (id < total - 1) out.push_back({id + 1, id + 1, total - 1 - id});
  return out;
}

std::uint32_t total_ids(const std::vector<rootless::IdRange>& ranges) {
  std::uint32_t total = 0;
  for (const rootless::IdRange& range : ranges) total += range.count;
  return total;
}

void add_namespace(NamespaceType type, const std::string& mode, const SpecContext& context, Spec& spec) {
  if (mode == "host") return;
  if (!joins(mode)) {
    spec.namespaces.push_back({type, {}});
  } else if (const std::string* path = joined_path(context, type); path != nullptr && !path->empty()) {
    spec.namespaces.push_back({type, *path});
  }
}

}  // namespace

const std::string* joined_path(const SpecContext& context, NamespaceType type) {
  if (context.joined == nullptr) return nullptr;
  const auto found = context.joined->paths.find(type);
  return found == context.joined->paths.end() ? nullptr : &found->second;
}

void pass_spec_namespaces(const ContainerConfig& config, const SpecContext& context, Spec& spec) {
  spec.namespaces.push_back({NamespaceType::kMount, {}});
  add_namespace(NamespaceType::kPid, config.pid, context, spec);
  add_namespace(NamespaceType::kIpc, config.ipc, context, spec);
  add_namespace(NamespaceType::kUts, config.uts, context, spec);
  add_namespace(NamespaceType::kCgroup, config.cgroupns, context, spec);
  add_namespace(NamespaceType::kNetwork, config.network, context, spec);
}

bool has_user_namespace(const Spec& spec) {
  return std::any_of(spec.namespaces.begin(), spec.namespaces.end(),
                     [](const runtime::Namespace& one) { return one.type == NamespaceType::kUser; });
}

bool maps_own_ids(const ContainerConfig& config) {
  return config.userns.rfind("keep-id", 0) == 0 || config.userns == "nomap" || config.userns == "auto" ||
         config.userns == "private";
}

Result<void> pass_spec_user_namespace(const ContainerConfig& config, const SpecContext& context, Spec& spec) {
  if (joins(config.userns)) {
    if (const std::string* path = joined_path(context, NamespaceType::kUser); path != nullptr && !path->empty())
      spec.namespaces.push_back({NamespaceType::kUser, *path});
    return {};
  }
  if (!maps_own_ids(config)) return {};
  spec.namespaces.push_back({NamespaceType::kUser, {}});
  if (!config.uid_map.empty()) {
    spec.uid_mappings = from_text(config.uid_map);
    spec.gid_mappings = from_text(config.gid_map);
    return {};
  }
  TRY_SET(rootless::IdMaps maps, rootless::subordinate_maps());
  const std::uint32_t uids = total_ids(maps.uids);
  const std::uint32_t gids = total_ids(maps.gids);
  if (uids < 2 || gids < 2) return fail(Code::kUnavailable, "--userns " + config.userns + " needs subordinate IDs");
  if (config.userns == "nomap") {
    spec.uid_mappings = {{0, 1, uids - 1}};
    spec.gid_mappings = {{0, 1, gids - 1}};
    return {};
  }
  TRY_SET(KeepId ids, parse_keep_id(config.userns));
  spec.uid_mappings = keep_map(ids.uid.value_or(getuid()), uids);
  spec.gid_mappings = keep_map(ids.gid.value_or(getgid()), gids);
  return {};
}

}  // namespace creel::engine
