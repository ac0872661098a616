#include "cmd/images/cp.h"

#include "engine/copy/copy.h"

namespace creel::cmd {

void CpCommand::declare(Flags& flags) {
  flags.flag("-a,--archive", archive_,
             "Files copied to a container belong to its user; =false: to who they belonged to");
  flags.flag("-L,--follow-link", ignored_, "A link that is named is followed, which is done without this flag, too");
  flags.flag("--overwrite", overwrite_, "Replace directories by files, and files by directories");
  flags.flag("-q,--quiet", ignored_, "Print no progress, which there is none of").hidden();
  flags.flag("--extract", ignored_, "").hidden();
  flags.flag("--pause", ignored_, "").hidden();
  flags.arguments(arguments_);
}

Result<int> CpCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(engine::copy::copy(engine, engine::copy::parse_place(arguments_[0]), engine::copy::parse_place(arguments_[1]),
                         {archive_, overwrite_}));
  return 0;
}

}  // namespace creel::cmd
