#include "cmd/system/info.h"

#include <sys/statvfs.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/process.h"
#include "base/text.h"
#include "cmd/output/output.h"
#include "cmd/output/yaml.h"
#include "cmd/system/build_info.h"
#include "cmd/system/host_info.h"
#include "engine/container/container.h"
#include "engine/container/control_group.h"
#include "engine/container/runtime_choice.h"
#include "engine/image/image.h"

namespace creel::cmd {
namespace {

using nlohmann::json;

json program_of(const char* name) {
  auto path = find_program(name);
  return {{"executable", path ? *path : ""}, {"package", ""}, {"version", ""}};
}

json id_map(const std::vector<rootless::IdRange>& ranges) {
  json out = json::array();
  for (const rootless::IdRange& range : ranges) {
    out.push_back({{"container_id", range.inside}, {"host_id", range.outside}, {"size", range.count}});
  }
  return out;
}

json id_mappings(const engine::Engine& engine) {
  json none = {{"uidmap", nullptr}, {"gidmap", nullptr}};
  if (!engine.rootless()) return none;
  auto maps = rootless::subordinate_maps();
  if (!maps) {
    none["problem"] = maps.error().text;
    return none;
  }
  return {{"uidmap", id_map(maps->uids)}, {"gidmap", id_map(maps->gids)}};
}

Result<json> store_document(engine::Engine& engine) {
  const storage::Paths& paths = engine.paths();
  engine::ListOptions everything;
  everything.all = true;
  TRY_SET(const auto containers, engine::list(engine, everything));
  std::int64_t running = 0;
  std::int64_t paused = 0;
  for (const engine::Container& container : containers) {
    running += container.observed.status == engine::monitor::Status::kRunning ? 1 : 0;
    paused += container.observed.status == engine::monitor::Status::kPaused ? 1 : 0;
  }
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const auto images, store->images());
  const auto total = static_cast<std::int64_t>(containers.size());
  json out = {
      {"configFile", ""},
      {"containerStore", {{"number", total}, {"paused", paused}, {"running", running}, {"stopped", total - running - paused}}},
      {"graphDriverName", "overlay"},
      {"graphOptions", json::object()},
      {"graphRoot", paths.store},
      {"graphStatus", json::object()},
      {"imageStore", {{"number", images.size()}}},
      {"runRoot", paths.runtime},
      {"transientStore", false},
      {"volumePath", paths.volumes()}};
  if (!engine.not_at_home().empty()) out["graphStatus"]["Not in the home directory"] = engine.not_at_home();
  struct statvfs fs {};
  // The store may not exist yet: then the file system it would be on is unknown.
  if (statvfs(paths.store.c_str(), &fs) == 0) {
    out["graphRootAllocated"] = static_cast<std::uint64_t>(fs.f_blocks) * fs.f_frsize;
    out["graphRootUsed"] = static_cast<std::uint64_t>(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
  }
  return out;
}

// That of new containers. Another one says itself which version it is.
Result<json> runtime_document(engine::Engine& engine, const std::string& monitor) {
  TRY_SET(const engine::EngineConfiguration* configuration, engine.configuration());
  TRY_SET(const engine::RuntimeChoice choice, engine::choose_runtime(engine.options().runtime, *configuration));
  json out = {{"name", choice.name}, {"package", ""}, {"path", monitor}, {"version", CREEL_VERSION}};
  if (choice.path.empty()) return out;
  auto said = run_program({choice.path, "--version"});
  out["path"] = choice.path;
  out["version"] = said ? std::string(trim(said->out)) : "";
  return out;
}

}  // namespace

void InfoCommand::declare(Flags& flags) {
  // Of Podman's machine; there is nothing more to show.
  flags.flag("-D,--debug", ignored_, "").hidden();
  flags.value("-f,--format", format_, "string", "Print JSON, or by a Go template");
}

Result<int> InfoCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  json host = host_document();
  const engine::runtime::CgroupHost& groups = engine::control_group_host(engine);
  host["cgroupVersion"] = groups.unified ? "v2" : "v1";
  host["cgroupControllers"] = groups.controllers;
  // A manager that was asked for and cannot be had is an error where a container wants it; here it is a fact.
  auto manager = engine::control_group_manager(engine);
  host["cgroupManager"] = manager ? engine::to_string(*manager) : "none";
  host["idMappings"] = id_mappings(engine);
  host["security"]["rootless"] = engine.rootless();
  host["slirp4netns"] = program_of("slirp4netns");
  auto monitor = libexec_program("creel-monitor");
  host["conmon"] = {{"package", ""}, {"path", monitor ? *monitor : ""}, {"version", CREEL_VERSION}};
  TRY_SET(host["ociRuntime"], runtime_document(engine, monitor ? *monitor : ""));
  TRY_SET(json store, store_document(engine));
  const json document = {{"host", std::move(host)},
                         {"store", std::move(store)},
                         {"registries", json::object()},
                         {"plugins",
                          {{"authorization", nullptr},
                           {"log", {"k8s-file", "json-file", "journald", "passthrough", "none"}},
                           {"network", {"slirp4netns", "host", "none", "container"}},
                           {"volume", {"local"}}}},
                         {"version", version_document()}};
  if (format_.empty()) {
    std::fputs(yaml_text(document).c_str(), stdout);
  } else if (means_json(format_)) {
    std::printf("%s\n", indented(document).c_str());
  } else {
    TRY_SET(const std::string text, render_template(unescaped(format_), document));
    std::printf("%s\n", text.c_str());
  }
  return 0;
}

}  // namespace creel::cmd
