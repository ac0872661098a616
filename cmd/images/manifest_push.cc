#include "cmd/images/manifest_push.h"

#include "base/file.h"
#include "cmd/images/common.h"
#include "cmd/images/progress.h"
#include "engine/image/image.h"
#include "engine/image/transfer/manifest_list.h"

namespace creel::cmd {

namespace transfer = engine::transfer;

void ManifestPushCommand::declare(Flags& flags) {
  flags.list("--add-compression", add_compression_, "strings", "Push each image compressed so, too: gzip, zstd").csv();
  flags.flag("--all", all_, "Push the images of the list, too");
  registry_.declare(flags);
  flags.value("--digestfile", digestfile_, "FILE", "Write the digest of the list as it was pushed");
  flags.flag("--insecure", insecure_, "As --tls-verify=false").hidden();
  declare_progress(flags, progress_);
  push_.declare(flags);
  flags.flag("-q,--quiet", quiet_, "Print no progress");
  flags.flag("--rm,-p,--purge", rm_, "Remove the list from local storage once it is pushed");
  flags.arguments(arguments_);
}

Result<int> ManifestPushCommand::run(Context& context) {
  transfer::PushListOptions options;
  TRY_SET(options.push, push_.options());
  TRY_SET(options.push.registry, registry_.options());
  if (insecure_) options.push.registry.tls_verify = false;
  options.all = all_;
  options.add_compression = add_compression_;
  for (const std::string& format : add_compression_) TRY(PushFlags::check_compression("--add-compression", format));
  if (!all_ && (!add_compression_.empty() || !options.push.compression_format.empty())) {
    return fail(Code::kInvalid, "--all=false pushes no image that could be compressed");
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(apply_environment(engine));
  TRY_SET(auto progress, make_progress(quiet_, progress_));
  const std::string& list = arguments_[0];
  TRY_SET(const Digest digest,
          transfer::push_list(engine, list, arguments_.size() > 1 ? arguments_[1] : list, options, *progress));
  progress.reset();
  if (!digestfile_.empty()) TRY(write_atomic(digestfile_, digest.text(), 0644));
  if (rm_) TRY(engine::remove_image(engine, list, {}));
  return 0;
}

}  // namespace creel::cmd
