#include "cmd/images/push.h"

#include "base/file.h"
#include "cmd/images/common.h"
#include "cmd/images/progress.h"

namespace creel::cmd {

void PushCommand::declare(Flags& flags) {
  registry_.declare(flags);
  registry_.declare_retries(flags);
  flags.flag("-a,--all-tags", all_tags_, "Push every tag of the repository");
  flags.flag("--compress", options_.compress, "Compress layers that are kept uncompressed");
  flags
      .value("--compression-format", options_.compression_format, "string",
             "Compress all layers so: gzip or zstd (default: as they are)")
      .choices({"gzip", "zstd"});
  flags.integer("--compression-level", level_, "int", "Level of that compression");
  flags.value("--digestfile", digest_file_, "string", "Write the digest of the pushed manifest to this file");
  flags.flag("--disable-content-trust", trust_, "Has no effect").hidden();
  flags.flag("--force-compression", force_compression_, "Has no effect: --compression-format always compresses");
  flags.value("-f,--format", options_.format, "string", "Format of the manifest: oci or v2s2 (default: as it is)")
      .choices({"oci", "v2s2"});
  flags.value("--platform", options_.registry.platform, "OS/ARCH[/VARIANT]",
              "Refuse to push an image of another platform");
  declare_progress(flags, progress_);
  flags.flag("-q,--quiet", quiet_, "Print no progress");
  flags.flag("--remove-signatures", remove_signatures_, "Push no signatures");
  flags.value("--sign-by", options_.sign.openpgp_key, "KEY", "Sign with this OpenPGP key of gpg's");
  flags.value("--sign-by-sigstore-private-key", options_.sign.sigstore_key, "path",
              "Sign with the sigstore key in this file");
  flags.value("--sign-passphrase-file", options_.sign.passphrase_file, "path",
              "File that holds the passphrase of the signing key");
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

Result<void> PushCommand::check() const {
  const std::string& format = options_.format;
  if (!format.empty() && format != "oci" && format != "v2s1" && format != "v2s2" && format != "docker") {
    return fail(Code::kInvalid, "unknown format \"" + format + "\"").with_hint("Choose from: oci, v2s2.");
  }
  const std::string& compression = options_.compression_format;
  if (compression == "zstd:chunked")
    return fail(Code::kUnsupported, "--compression-format zstd:chunked is not built yet");
  if (!compression.empty() && compression != "gzip" && compression != "zstd") {
    return fail(Code::kInvalid, "unknown compression format \"" + compression + "\"")
        .with_hint("Choose from: gzip, zstd.");
  }
  const int highest = compression == "zstd" ? 19 : 9;
  if (level_ != kDefaultLevel && (level_ < 1 || level_ > highest)) {
    return fail(Code::kInvalid, "--compression-level must be between 1 and " + std::to_string(highest));
  }
  if (all_tags_ && arguments_.size() > 1) {
    return fail(Code::kInvalid, "--all-tags pushes each tag to where its name says: no destination can be given");
  }
  return {};
}

Result<int> PushCommand::run(Context& context) {
  TRY(check());
  const std::string platform = options_.registry.platform;
  TRY_SET(options_.registry, registry_.options());
  TRY_SET(options_.registry.platform, platform_of(platform, {}, {}, {}));
  if (level_ != kDefaultLevel) options_.compression_level = static_cast<int>(level_);
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
