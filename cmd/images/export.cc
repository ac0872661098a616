#include "cmd/images/export.h"

#include <unistd.h>

#include "cmd/images/common.h"
#include "engine/image/transfer/commit.h"
#include "engine/image/transfer/local_destination.h"

namespace creel::cmd {

using Output = Result<engine::transfer::ArchiveOutput>;

void ExportCommand::declare(Flags& flags) {
  flags.value("-o,--output", output_, "string", "File to write instead of standard output");
  flags.arguments(arguments_);
}

Result<int> ExportCommand::run(Context& context) {
  if (output_.empty() && isatty(STDOUT_FILENO) != 0) {
    return fail(Code::kInvalid, "refusing to export to terminal. Use -o flag or redirect");
  }
  // Before the user namespace is entered, where supplementary groups are lost.
  TRY_SET(auto output, output_.empty() ? Output(engine::transfer::ArchiveOutput{.fd = STDOUT_FILENO})
                                       : engine::transfer::open_output(output_));
  TRY_SET(engine::Engine engine, engine_inside(context));
  TRY(engine::transfer::export_container(engine, arguments_[0], output.descriptor()));
  TRY(output.publish());
  return 0;
}

}  // namespace creel::cmd
