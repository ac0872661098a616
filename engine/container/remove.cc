// rm, and what is left of a --rm container when nobody removed it.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/signals.h"
#include "base/text.h"
#include "engine/container/claim.h"
#include "engine/container/container.h"
#include "engine/container/control_group.h"
#include "engine/container/dependents.h"
#include "engine/container/state.h"
#include "engine/event/event.h"
#include "engine/mounts.h"
#include "engine/volume/volume.h"
#include "rootless/userns.h"

namespace creel::engine {

namespace {

bool is_full_id(const std::string& id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

struct Trees {
  std::string container_dir, containers, id;
  bool whole = false;  // the directory itself, else only what the container has written
};

Result<void> remove_trees(void* argument) {
  const auto* trees = static_cast<const Trees*>(argument);
  if (trees->whole) {
    auto parent = open_file(trees->containers, O_RDONLY | O_DIRECTORY);
    if (!parent.ok()) return parent.error().err == ENOENT ? Result<void>() : Result<void>(std::move(parent).error());
    return remove_tree_at(parent->get(), trees->id);
  }
  auto dir = open_file(trees->container_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir.ok()) return dir.error().err == ENOENT ? Result<void>() : Result<void>(std::move(dir).error());
  TRY(remove_tree_at(dir->get(), "upper"));
  return remove_tree_at(dir->get(), "work");
}

// What only the container's root has written needs no user namespace to be removed; the rest does.
Result<void> remove_trees_anyhow(Engine& engine, Trees& trees) {
  auto removed = remove_trees(&trees);
  if (removed.ok() || engine.identity() != rootless::Identity::kUser) return removed;
  return rootless::run_inside(engine.identity(), engine.paths().runtime, remove_trees, &trees);
}

}  // namespace

Result<void> forget_container(Engine& engine, const std::string& id, const std::string& cidfile, bool volumes) {
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  std::vector<std::string> anonymous;
  if (volumes) {
    TRY_SET(auto used, store->container_volumes(id));
    for (const std::string& name : used) {
      TRY_SET(auto volume, store->volume(name));
      if (volume && volume->anonymous) anonymous.push_back(name);
    }
  }
  TRY(store->remove_container(id));
  if (!cidfile.empty()) {
    auto text = read_file(cidfile, 4096);
    if (text.ok() && trim(*text) == id) unlink(cidfile.c_str());
  }
  for (const std::string& name : anonymous) {
    auto removed = remove_volume(engine, name);
    // Another container may use it (--volumes-from), or have removed it already.
    if (!removed.ok() && removed.error().code != Code::kInUse && removed.error().code != Code::kNotFound)
      return removed;
  }
  return {};
}

Result<void> delete_container(Engine& engine, const std::string& id, const std::string& cidfile, bool volumes) {
  if (!is_full_id(id)) return fail(Code::kInvalid, "removing container \"" + id + "\": not a full ID");
  Trees trees{engine.paths().container(id), engine.paths().containers(), id, false};
  // The big part goes while the record still names it: killed here, the next removal finishes the work.
  TRY(remove_trees_anyhow(engine, trees));
  TRY(forget_container(engine, id, cidfile, volumes));
  trees.whole = true;
  TRY(remove_trees_anyhow(engine, trees));
  // What a monitor that was killed has left.
  remove_control_group(engine, id);
  if (auto parent = open_file(engine.paths().running(), O_RDONLY | O_DIRECTORY); parent.ok()) {
    TRY(remove_tree_at(parent->get(), id));
  }
  return {};
}

namespace {

Result<void> remove_dependents(Engine& engine, const std::string& id, const RemoveOptions& options) {
  TRY_SET(const std::vector<std::string> others, dependents(engine, id));
  if (others.empty()) return {};
  if (!options.depend) {
    return fail(Code::kExists, "container " + id + " has dependent containers which must be removed before it: " +
                                   join(others, ", ") + ": container already exists")
        .with_hint("rm --depend removes them, too");
  }
  for (const std::string& other : others) {
    auto removed = remove(engine, other, options);
    if (!removed.ok() && removed.error().code != Code::kNotFound) return removed;
  }
  return {};
}

}  // namespace

Result<void> remove(Engine& engine, const std::string& name, const RemoveOptions& options) {
  auto record = find_record(engine, name);
  if (!record.ok()) {
    if (record.error().code != Code::kNotFound) return std::move(record).error();
    if (options.force) return {};
    return fail(Code::kNotFound, "no container with ID or name \"" + name + "\" found: no such container");
  }
  TRY(remove_dependents(engine, record->id, options));
  auto config = config_of(*record);
  Fd claim;
  // What somebody was about to start runs by the time that they let go of it.
  for (monitor::Observed observed = observe(engine, record->id); !claim.valid() || is_active(observed);
       observed = observe(engine, record->id)) {
    if (!is_active(observed)) {
      claim = claim_for_removal(engine, record->id);
      if (claim.valid()) continue;
      // Who started one that has ended wants to remove it, too (run --rm), if it does anything at all.
      if (observed.status != monitor::Status::kCreated) break;
      return fail(Code::kInUse, "cannot remove container " + record->id + ": it is being started");
    }
    claim.reset();
    if (!options.force && observed.status != monitor::Status::kInitialized) {
      return fail(Code::kInUse,
                  "cannot remove container " + record->id + " as it is " + monitor::to_string(observed.status) +
                      " - running or paused containers cannot be removed without force: container state improper");
    }
    int signal = SIGTERM;
    unsigned timeout = 10;
    if (observed.status == monitor::Status::kPaused) {
      // It could not act on any other signal.
      timeout = 0;
    } else if (config.ok()) {
      timeout = config->stop_timeout;
      if (auto parsed = parse_signal(config->stop_signal); parsed.ok()) signal = *parsed;
    }
    TRY(stop_container(engine, *record, timeout == 0 ? 0 : options.timeout.value_or(timeout), signal));
  }
  // It was another's to remove.
  if (auto left = find_record(engine, record->id); !left.ok() && left.error().code == Code::kNotFound) {
    // The claim may have made its directory anew.
    (void)rmdir(engine.paths().container(record->id).c_str());
    return {};
  }
  const bool volumes = options.volumes || record->remove_on_exit;
  TRY(unmount_removed_container(engine, record->id));
  TRY(delete_container(engine, record->id, config.ok() ? config->cidfile : std::string(), volumes));
  record_container(engine, *record, "remove");
  return {};
}

void reap(Engine& engine, std::vector<Container>& containers) {
  std::erase_if(containers, [&](const Container& container) {
    if (!container.record.remove_on_exit || container.observed.status != monitor::Status::kExited) return false;
    return cleanup(engine, container.record.id).ok();
  });
}

Result<void> cleanup(Engine& engine, const std::string& id) {
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  auto record = store->container(id);
  if (!record.ok()) {
    // Whoever was faster has done it.
    if (record.error().code == Code::kNotFound) return {};
    return std::move(record).error();
  }
  if (record->id != id || !record->remove_on_exit) return {};
  std::string cidfile;
  if (auto config = config_of(*record); config.ok()) cidfile = config->cidfile;
  TRY(delete_container(engine, id, cidfile, true));
  record_container(engine, *record, "remove");
  return {};
}

}  // namespace creel::engine
