#include "cmd/images/push.h"

#include "base/file.h"
#include "cmd/images/common.h"
#include "cmd/images/progress.h"

namespace creel::cmd {

void PushCommand::declare(Flags& flags) {
  registry_.declare(flags);
  registry_.declare_retries(flags);
  flags.flag("-a,--all-tags", all_tags_, "Push every tag of the repository");
  flags.flag("--compress", compress_, "Compress layers that are kept uncompressed");
  flags.value("--digestfile", digest_file_, "string", "Write the digest of the pushed manifest to this file");
  flags.flag("--disable-content-trust", trust_, "Has no effect").hidden();
  flags.value("--platform", platform_, "OS/ARCH[/VARIANT]", "Refuse to push an image of another platform");
  declare_progress(flags, progress_);
  flags.flag("-q,--quiet", quiet_, "Print no progress");
  push_.declare(flags);
  flags.value("--signature-policy", signature_policy_, "path", "Signature policy that the image must meet").hidden();
  flags.arguments(arguments_);
}

Result<void> PushCommand::push_one(engine::Engine& engine, const std::string& image, const std::string& destination) {
  TRY_SET(auto progress, make_progress(quiet_, progress_));
  auto digest = engine::transfer::push(engine, image, destination, options_, *progress);
  progress.reset();
  if (!digest.ok()) return std::move(digest).error();
  if (digest_file_.empty()) return {};
  auto written = write_atomic(digest_file_, digest->text(), 0644);
  if (!written.ok()) return std::move(written).error().within("writing the digest of " + image);
  return {};
}

Result<int> PushCommand::run(Context& context) {
  if (all_tags_ && arguments_.size() > 1) {
    return fail(Code::kInvalid, "--all-tags pushes each tag to where its name says: no destination can be given");
  }
  TRY_SET(options_, push_.options());
  options_.compress = compress_;
  TRY_SET(options_.registry, registry_.options());
  options_.registry.signature_policy = signature_policy_;
  TRY_SET(options_.registry.platform, platform_of(platform_, {}, {}, {}));
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(apply_environment(engine));
  if (!all_tags_) {
    TRY(push_one(engine, arguments_[0], arguments_.size() > 1 ? arguments_[1] : std::string()));
    return 0;
  }
  TRY_SET(const auto names, engine::transfer::tags_of(engine, arguments_[0]));
  for (const std::string& name : names) TRY(push_one(engine, name, {}));
  return 0;
}

}  // namespace creel::cmd
