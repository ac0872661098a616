#include "cmd/container/selection.h"

#include "base/file.h"
#include "base/text.h"
#include "engine/container/container.h"

namespace creel::cmd {
namespace {

constexpr std::size_t kMostOfAnIdFile = 4096;

bool is_ended(const engine::Container& container) {
  return container.observed.status == engine::monitor::Status::kCreated ||
         container.observed.status == engine::monitor::Status::kExited;
}

}  // namespace

Result<std::string> read_cidfile(const std::string& path) {
  auto text = read_file(path, kMostOfAnIdFile);
  if (!text) return std::move(text).error().within("reading CIDFile");
  return std::string(trim(std::string_view(*text).substr(0, text->find('\n'))));
}

Result<std::string> latest_container(engine::Engine& engine) {
  engine::ListOptions options;
  options.latest = true;
  TRY_SET(const std::vector<engine::Container> found, engine::list(engine, options));
  if (found.empty()) return fail(Code::kNotFound, "no containers found: no such container");
  return found.front().record.id;
}

void Selection::declare_names(Flags& flags) {
  flags.arguments(names_);
}
void Selection::declare_all(Flags& flags, std::string_view names, std::string_view help) {
  flags.flag(names, all_, help);
}
void Selection::declare_cidfile(Flags& flags) {
  flags.list("--cidfile", cidfiles_, "file", "Read a container's ID from this file");
}
void Selection::declare_filter(Flags& flags, std::string_view names) {
  flags.list(names, filters_, "key=value", "Choose the containers that meet this condition, as for ps");
}
void Selection::declare_ignore(Flags& flags, std::string_view names) {
  flags.flag(names, ignore_, "A container that does not exist is no error");
}
void Selection::declare_latest(Flags& flags) {
  flags.flag("-l,--latest", latest_, "The container that was created last");
}

void Selection::all_unless_named() {
  if (names_.empty() && cidfiles_.empty() && filters_.empty() && !latest_) all_ = true;
}

Result<void> Selection::check() const {
  const auto refuse = [](const char* text) { return fail(Code::kInvalid, text); };
  if (all_ && latest_) return refuse("--all and --latest cannot be used together");
  if (!cidfiles_.empty() && (all_ || latest_)) {
    return refuse("--all, --latest, and --cidfile cannot be used together");
  }
  if (!names_.empty() && all_) return refuse("no arguments are needed with --all");
  if (!names_.empty() && latest_) return refuse("--latest and containers cannot be used together");
  if (!filters_.empty() && (!names_.empty() || !cidfiles_.empty())) return refuse("--filter takes no arguments");
  if (!filters_.empty() && latest_) return refuse("--filter and --latest cannot be used together");
  if (names_.empty() && !all_ && !latest_ && filters_.empty() && cidfiles_.empty()) {
    return refuse("you must provide at least one name or id");
  }
  return {};
}

Result<std::vector<Target>> Selection::resolve(engine::Engine& engine, bool running) const {
  TRY(check());
  std::vector<Target> targets;
  if (all_ || latest_ || !filters_.empty()) {
    engine::ListOptions options;
    options.all = !running;
    options.latest = latest_;
    options.filters = filters_;
    TRY_SET(const std::vector<engine::Container> found, engine::list(engine, options));
    if (latest_ && found.empty()) return fail(Code::kNotFound, "no containers found: no such container");
    for (const engine::Container& container : found) {
      targets.push_back({container.record.id, is_ended(container),
                         container.observed.status == engine::monitor::Status::kPaused});
    }
    return targets;
  }
  for (const std::string& path : cidfiles_) {
    auto id = read_cidfile(path);
    if (!id) {
      if (ignore_ && id.error().err == ENOENT) continue;
      return std::move(id).error();
    }
    targets.push_back({std::move(*id)});
  }
  for (const std::string& name : names_) targets.push_back({name});
  return targets;
}

}  // namespace creel::cmd
