#include "cmd/container/diff.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/container/container.h"
#include "engine/diff.h"
#include "engine/system/inside.h"

namespace creel::cmd {
namespace {

void print_json(const std::vector<engine::Change>& changes) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (const auto& [kind, key] : {std::pair('C', "changed"), std::pair('A', "added"), std::pair('D', "deleted")}) {
    for (const engine::Change& change : changes) {
      if (change.kind == kind) out[key].push_back(change.path);
    }
  }
  std::printf("%s\n", out.dump(5, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

}  // namespace

void ImageDiffCommand::declare(Flags& flags) {
  flags.value("--format", format_, "string", "Print JSON: json");
  flags.arguments(arguments_);
}

void DiffCommand::declare(Flags& flags) {
  flags.value("--format", format_, "string", "Print JSON: json");
  flags.flag("-l,--latest", latest_, "The container that was created last");
  flags.arguments(arguments_);
}

Result<int> DiffCommand::run(Context& context) {
  if (!format_.empty() && format_ != "json")
    return fail(Code::kInvalid, "only supported value for '--format' is 'json'");
  if (latest_ && !arguments_.empty()) return fail(Code::kInvalid, "--latest and arguments cannot be used together");
  if (!latest_ && arguments_.empty()) return fail(Code::kInvalid, "container or image name or ID must be specified");
  TRY_SET(engine::Engine engine, engine::open_inside(context.global));
  auto kind = engine::DiffOf::kAny;
  if (context.path == "container diff" || latest_) kind = engine::DiffOf::kContainer;
  if (context.path == "image diff") kind = engine::DiffOf::kImage;
  std::string name = arguments_.empty() ? "" : arguments_[0];
  if (latest_) {
    TRY_SET(const auto all, engine::list(engine, {.all = true, .latest = true}));
    if (all.empty()) return fail(Code::kNotFound, "no containers");
    name = all.front().record.id;
  }
  TRY_SET(const auto changes, engine::diff(engine, kind, name, arguments_.size() > 1 ? arguments_[1] : ""));
  if (!format_.empty()) {
    print_json(changes);
    return 0;
  }
  for (const engine::Change& change : changes) std::printf("%c %s\n", change.kind, change.path.c_str());
  return 0;
}

}  // namespace creel::cmd
