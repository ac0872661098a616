#include "cmd/images/check.h"

#include <cstdio>

#include "cmd/output/size.h"
#include "engine/image/transfer/repair.h"
#include "engine/system/inside.h"
#include "engine/time_filter.h"
#include "storage/rebuild.h"

namespace creel::cmd {
namespace {

Result<int> rebuild(const engine::Engine& engine) {
  TRY_SET(const storage::Rebuilt rebuilt, storage::rebuild_database(engine.paths()));
  std::printf("Rebuilt the records of %d image(s), %d container(s), %d volume(s)\n", rebuilt.images, rebuilt.containers,
              rebuilt.volumes);
  for (const std::string& lost : rebuilt.lost) std::printf("Lost: %s\n", lost.c_str());
  return 0;
}

void print(const engine::CheckReport& report) {
  for (const engine::Damage& damage : report.damage) std::printf("Damage: %s\n", damage.text.c_str());
  const engine::UseSummary& leftovers = report.leftovers;
  if (leftovers.total > leftovers.active) {
    std::printf("%lld leftover(s) of interrupted commands, %s; creel system prune removes them\n",
                static_cast<long long>(leftovers.total - leftovers.active), size_text(leftovers.reclaimable).c_str());
  }
}

Error damaged(const engine::CheckReport& report, bool repaired) {
  Error error = fail(Code::kFailed, "damage detected in local storage");
  bool database = false;
  for (const engine::Damage& damage : report.damage) database |= damage.kind == engine::Damage::Kind::kDatabase;
  if (database) {
    error.hint = "creel system check --rebuild makes the database again from what is on disk";
  } else if (!repaired) {
    error.hint = "creel system check --repair repairs what can be repaired, and removes the rest";
  }
  return error;
}

}  // namespace

void CheckCommand::declare(Flags& flags) {
  flags.flag("-f,--force", force_, "With --repair: remove containers of images that cannot be repaired, too");
  flags.value("-m,--max", max_age_, "duration", "With --repair: leave content that no image names if it is younger");
  flags.flag("-q,--quick", quick_, "Compare sizes; read no file");
  flags.flag("--rebuild", rebuild_, "Make the database again from what is on disk, while no other command runs");
  flags.flag("-r,--repair", repair_, "Repair what is damaged, or remove it");
}

Result<int> CheckCommand::run(Context& context) {
  TRY_SET(const std::int64_t max_age, engine::parse_duration(max_age_));
  if (rebuild_ && repair_) return fail(Code::kInvalid, "--rebuild and --repair cannot be used together");
  TRY_SET(engine::Engine engine, engine::open_inside(context.global));
  if (rebuild_) return rebuild(engine);
  engine::CheckOptions options;
  if (!quick_) options.has_digest = engine::transfer::has_digest;
  auto checked = engine::check_store(engine, options);
  // Records that cannot even be read.
  if (!checked.ok() && checked.error().code == Code::kFailed && checked.error().err == 0) {
    return std::move(checked).error().with_hint(
        "creel system check --rebuild makes the database again from what is on disk");
  }
  if (!checked.ok()) return std::move(checked).error();
  print(*checked);
  if (repair_) {
    TRY(engine::transfer::repair_store(engine, *checked, {force_, max_age},
                                       [](const std::string& line) { std::printf("%s\n", line.c_str()); }));
    if (checked->damage.empty()) return 0;
    checked = engine::check_store(engine, options);
    if (!checked.ok()) return std::move(checked).error();
  }
  if (checked->damage.empty()) return 0;
  return damaged(*checked, repair_);
}

}  // namespace creel::cmd
