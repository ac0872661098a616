#include "cmd/container/mount.h"

#include <cstdio>

#include "cmd/exit_code.h"
#include "cmd/output/mounts.h"
#include "engine/container/container.h"
#include "engine/mounts.h"

namespace creel::cmd {
namespace {

// The containers that are named, or all, or the last one.
Result<std::vector<std::string>> chosen(engine::Engine& engine, const std::vector<std::string>& names, bool all,
                                        bool latest) {
  if (static_cast<int>(all) + static_cast<int>(latest) + static_cast<int>(!names.empty()) > 1) {
    return fail(Code::kInvalid, "--all, --latest and containers cannot be used together");
  }
  if (!all && !latest) return names;
  std::vector<std::string> out;
  TRY_SET(const auto containers, engine::list(engine, {.all = true, .latest = latest}));
  for (const engine::Container& container : containers) out.push_back(container.record.id);
  if (latest && out.empty()) return fail(Code::kNotFound, "no containers");
  return out;
}

}  // namespace

void MountCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Mount all containers");
  flags.value("--format", format_, "string", "Print what is mounted as JSON: json");
  flags.flag("-l,--latest", latest_, "The container that was created last");
  flags.flag("--no-trunc,--notruncate", no_trunc_, "Show whole IDs");
  flags.arguments(arguments_);
}

Result<int> MountCommand::run(Context& context) {
  TRY(check_mount_format(format_));
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(engine::may_mount(engine, "mount"));
  TRY_SET(const std::vector<std::string> names, chosen(engine, arguments_, all_, latest_));
  const auto row = [&](const engine::Container& container, std::string path) {
    const std::string& id = container.record.id;
    return MountRow{id, no_trunc_ ? id : id.substr(0, 12), {container.record.name}, {}, std::move(path)};
  };
  std::vector<MountRow> rows;
  if (names.empty()) {
    if (all_) return 0;
    TRY_SET(const auto mounted, engine::mounted_containers(engine));
    for (const engine::MountedTree& tree : mounted) {
      auto container = engine::find(engine, tree.id);
      if (container) rows.push_back(row(*container, tree.path));
    }
    print_mounts(rows, format_);
    return 0;
  }
  int code = 0;
  for (const std::string& name : names) {
    auto container = engine::find(engine, name);
    auto path =
        container ? engine::mount_container(engine, container->record.id) : Result<std::string>(container.error());
    if (path) {
      rows.push_back(row(*container, std::move(*path)));
      continue;
    }
    print_error(path.error());
    code = kExitEngine;
  }
  // Of one container the path alone, for `cd $(creel mount CONTAINER)`.
  if (names.size() == 1 && !all_ && format_.empty()) {
    for (const MountRow& one : rows) std::printf("%s\n", one.path.c_str());
  } else {
    print_mounts(rows, format_);
  }
  return code;
}

void UnmountCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Unmount all containers");
  flags.flag("-f,--force", force_, "Unmount even while something in it is in use");
  flags.flag("-l,--latest", latest_, "The container that was created last");
  flags.arguments(arguments_);
}

Result<int> UnmountCommand::run(Context& context) {
  if (!all_ && !latest_ && arguments_.empty()) {
    return fail(Code::kInvalid, "you must provide at least one name or id");
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<std::string> names, chosen(engine, arguments_, all_, latest_));
  int code = 0;
  for (const std::string& name : names) {
    auto container = engine::find(engine, name);
    auto done = container ? engine::may_mount(engine, "unmount") : Result<void>(container.error());
    if (done) {
      if (auto unmounted = engine::unmount_container(engine, container->record.id, force_); !unmounted.ok()) {
        done = std::move(unmounted).error();
      }
    }
    if (!done) {
      print_error(done.error());
      code = kExitEngine;
    } else if (!all_) {
      std::printf("%s\n", name.c_str());
    }
  }
  return code;
}

}  // namespace creel::cmd
