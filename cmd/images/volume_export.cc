#include "cmd/images/volume_export.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/copy/copy.h"
#include "engine/volume/volume.h"

namespace creel::cmd {

void VolumeExportCommand::declare(Flags& flags) {
  flags.value("-o,--output", output_, "file", "File to write instead of standard output");
  flags.arguments(arguments_);
}

Result<int> VolumeExportCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(engine::find_volume(engine, arguments_[0]));
  if (output_.empty() || output_ == "-") {
    if (isatty(STDOUT_FILENO) != 0)
      return fail(Code::kInvalid, "cannot write a tar archive to a terminal: use --output, or redirect");
    TRY(engine::copy::export_volume(engine, arguments_[0], STDOUT_FILENO));
    return 0;
  }
  // It appears whole or not at all.
  const std::string part = output_ + ".part-" + random_hex(4);
  TRY_SET(const Fd file, open_file(part, O_WRONLY | O_CREAT | O_EXCL, 0666));
  auto exported = engine::copy::export_volume(engine, arguments_[0], file.get());
  if (exported.ok() && rename(part.c_str(), output_.c_str()) != 0) exported = errno_error("writing " + output_);
  if (!exported.ok()) {
    unlink(part.c_str());
    return std::move(exported).error();
  }
  return 0;
}

}  // namespace creel::cmd
