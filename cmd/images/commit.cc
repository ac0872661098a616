#include "cmd/images/commit.h"

#include <cstdio>

#include "base/file.h"
#include "cmd/images/common.h"
#include "cmd/images/progress.h"
#include "engine/image/transfer/commit.h"

namespace creel::cmd {

void CommitCommand::declare(Flags& flags) {
  flags.value("-a,--author", author_, "string", "Author of the image");
  flags.list("-c,--change", changes_, "instruction", "Dockerfile instruction to apply: CMD, ENTRYPOINT, ENV, …");
  flags.value("--config", config_, "file", "JSON file with members of the image's configuration");
  flags.value("-f,--format", format_, "string", "Format of the manifest: oci or docker").choices({"oci", "docker"});
  flags.value("--iidfile", iidfile_, "file", "Write the image's ID to this file");
  flags.flag("--include-volumes", include_volumes_, "The container's volumes become the image's");
  flags.value("-m,--message", message_, "string", "Comment in the image's history");
  flags.flag("-p,--pause", pause_, "The container's processes stand still meanwhile");
  flags.flag("--no-pause", no_pause_, "They do not, which is so without this flag, too").hidden();
  declare_progress(flags, progress_);
  flags.flag("-q,--quiet", quiet_, "Print nothing but the image's ID");
  flags.flag("-s,--squash", squash_, "One layer of everything instead of one more");
  flags.arguments(arguments_);
}

Result<int> CommitCommand::run(Context& context) {
  if (format_ != "oci" && format_ != "docker") {
    return fail(Code::kInvalid, "unrecognized image format \"" + format_ + "\": choose oci or docker");
  }
  if (pause_ && no_pause_) return fail(Code::kInvalid, "--pause and --no-pause contradict each other");
  engine::transfer::CommitOptions options;
  if (arguments_.size() > 1) options.reference = arguments_[1];
  options.author = author_;
  options.message = message_;
  options.docker = format_ == "docker";
  options.changes = changes_;
  options.include_volumes = include_volumes_;
  options.pause = pause_;
  options.squash = squash_;
  if (!config_.empty()) {
    TRY_SET(options.config, read_file(config_, 1 << 20));
  }
  TRY_SET(engine::Engine engine, engine_inside(context));
  TRY_SET(auto progress, make_progress(quiet_, progress_));
  auto id = engine::transfer::commit(engine, arguments_[0], options, *progress);
  progress.reset();
  if (!id.ok()) return std::move(id).error();
  if (!iidfile_.empty()) TRY(write_atomic(iidfile_, *id, 0644));
  std::printf("%s\n", id->c_str());
  return 0;
}

}  // namespace creel::cmd
