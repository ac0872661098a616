#include "cmd/images/save.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <map>

#include "base/file.h"
#include "cmd/images/common.h"
#include "cmd/images/progress.h"
#include "engine/image/transfer/local_destination.h"

namespace creel::cmd {

using engine::transfer::ArchiveFormat;

void SaveCommand::declare(Flags& flags) {
  flags.flag("--compress", options_.compress, "Compress layers that are not (docker-dir alone)");
  flags.value("--format", format_name_, "string", "docker-archive, oci-archive, oci-dir or docker-dir")
      .choices({"docker-archive", "oci-archive", "oci-dir", "docker-dir"});
  flags.flag("-m,--multi-image-archive", several_, "Save several images, which is done without this flag, too");
  flags.value("-o,--output", output_, "string", "File or directory to write instead of standard output");
  flags.value("--platform", options_.platform, "OS/ARCH[/VARIANT]", "Refuse to save an image of another platform");
  declare_progress(flags, progress_);
  flags.flag("-q,--quiet", quiet_, "Print no progress");
  flags.value("--signature-policy", options_.signature_policy, "path", "Signature policy that the images must meet")
      .hidden();
  flags.flag("--uncompressed", uncompressed_, "Has no effect: layers are saved as they are kept");
  flags.arguments(arguments_);
}

Result<void> SaveCommand::to_stdout(engine::Engine& engine, engine::transfer::Progress& progress) {
  if (isatty(STDOUT_FILENO) != 0) {
    return fail(Code::kInvalid, "refusing to save to terminal. Use -o flag or redirect");
  }
  return engine::transfer::save(engine, arguments_, options_, STDOUT_FILENO, progress);
}

Result<void> SaveCommand::to_file(engine::Engine& engine, engine::transfer::Progress& progress) {
  TRY_SET(engine::transfer::ArchiveOutput output, engine::transfer::open_output(output_));
  TRY(engine::transfer::save(engine, arguments_, options_, output.descriptor(), progress));
  return output.publish();
}

Result<void> SaveCommand::to_directory(engine::Engine& engine, engine::transfer::Progress& progress) {
  const bool made = mkdir(output_.c_str(), 0777) == 0;
  if (!made && errno != EEXIST) return errno_error("making directory " + output_);
  TRY_SET(Fd dir, open_file(output_, O_RDONLY | O_DIRECTORY));
  TRY_SET(const auto names, list_dir(dir.get()));
  if (!names.empty()) return fail(Code::kInvalid, "saving to " + output_ + ": the directory is not empty");
  auto saved = engine::transfer::save(engine, arguments_, options_, dir.get(), progress);
  if (saved.ok()) return saved;
  // It was empty, so everything in it is ours.
  if (auto left = list_dir(dir.get()); left.ok()) {
    for (const std::string& name : *left) (void)remove_tree_at(dir.get(), name).ok();
  }
  if (made) rmdir(output_.c_str());
  return saved;
}

Result<int> SaveCommand::run(Context& context) {
  static const std::map<std::string, ArchiveFormat> kFormats = {{"docker-archive", ArchiveFormat::kDockerArchive},
                                                                {"oci-archive", ArchiveFormat::kOciArchive},
                                                                {"oci-dir", ArchiveFormat::kOciDir},
                                                                {"docker-dir", ArchiveFormat::kDockerDir}};
  const auto found = kFormats.find(format_name_);
  if (found == kFormats.end()) {
    return fail(Code::kInvalid, "unknown format \"" + format_name_ +
                                    "\": choose from docker-archive, oci-archive, oci-dir, docker-dir");
  }
  options_.format = found->second;
  TRY_SET(options_.platform, platform_of(options_.platform, {}, {}, {}));
  if (options_.compress && options_.format != ArchiveFormat::kDockerDir) {
    return fail(Code::kInvalid, "--compress can only be set when --format is 'docker-dir'");
  }
  const bool directory = options_.format == ArchiveFormat::kOciDir || options_.format == ArchiveFormat::kDockerDir;
  if (directory && output_.empty())
    return fail(Code::kInvalid, "--format " + format_name_ + " needs --output DIRECTORY");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(auto progress, make_progress(quiet_, progress_));
  if (directory) {
    TRY(to_directory(engine, *progress));
  } else if (output_.empty()) {
    TRY(to_stdout(engine, *progress));
  } else {
    TRY(to_file(engine, *progress));
  }
  return 0;
}

}  // namespace creel::cmd
