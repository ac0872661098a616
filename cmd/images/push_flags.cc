#include "cmd/images/push_flags.h"

#include "base/file.h"
#include "registry/policy/signing_parameters.h"

namespace creel::cmd {

void PushFlags::declare(Flags& flags) {
  flags
      .value("--compression-format", compression_, "string",
             "Compress all layers so: gzip or zstd (default: as they are)")
      .choices({"gzip", "zstd"});
  flags.integer("--compression-level", level_, "int", "Level of that compression");
  flags.flag("--force-compression", force_compression_, "Has no effect: --compression-format always compresses");
  flags.value("-f,--format", format_, "string", "Format of the manifest: oci or v2s2 (default: as it is)")
      .choices({"oci", "v2s2"});
  flags.flag("--remove-signatures", remove_signatures_, "Push no signatures (there are none in local storage)");
  flags.value("--sign-by", key_, "KEY", "Sign with this OpenPGP key of gpg's");
  flags.value("--sign-by-sigstore", sigstore_parameters_, "path",
              "Sign as the sigstore signing parameters in this file say");
  flags.value("--sign-by-sigstore-private-key", sigstore_key_, "path", "Sign with the sigstore key in this file");
  flags.value("--sign-passphrase-file", passphrase_file_, "path", "File that holds the passphrase of the signing key");
}

Result<void> PushFlags::check_compression(const std::string& flag, const std::string& format) {
  if (format == "zstd:chunked") return fail(Code::kUnsupported, flag + " zstd:chunked is not built yet");
  if (format == "gzip" || format == "zstd") return {};
  return fail(Code::kInvalid, flag + ": unknown compression format \"" + format + "\"")
      .with_hint("Choose from: gzip, zstd.");
}

Result<engine::transfer::PushOptions> PushFlags::options() const {
  engine::transfer::PushOptions out;
  if (!format_.empty() && format_ != "oci" && format_ != "v2s1" && format_ != "v2s2" && format_ != "docker") {
    return fail(Code::kInvalid, "unknown format \"" + format_ + "\"").with_hint("Choose from: oci, v2s2.");
  }
  out.format = format_;
  if (!compression_.empty()) TRY(check_compression("--compression-format", compression_));
  out.compression_format = compression_;
  const int highest = compression_ == "zstd" ? 19 : 9;
  if (level_ != kDefaultLevel && (level_ < 1 || level_ > highest)) {
    return fail(Code::kInvalid, "--compression-level must be between 1 and " + std::to_string(highest));
  }
  if (level_ != kDefaultLevel) out.compression_level = static_cast<int>(level_);
  out.sign = {key_, sigstore_key_, passphrase_file_};
  if (sigstore_parameters_.empty()) return out;
  if (!sigstore_key_.empty())
    return fail(Code::kInvalid, "--sign-by-sigstore and --sign-by-sigstore-private-key exclude each other");
  TRY_SET(const std::string text, read_file(sigstore_parameters_, 1 << 20));
  TRY_SET(auto parameters, registry::policy::parse_signing_parameters(text, sigstore_parameters_));
  out.sign.sigstore_key = std::move(parameters.key_file);
  if (!parameters.passphrase_file.empty()) {
    if (!passphrase_file_.empty()) {
      return fail(Code::kInvalid, "--sign-passphrase-file: " + sigstore_parameters_ + " names another passphrase");
    }
    out.sign.passphrase_file = std::move(parameters.passphrase_file);
  }
  return out;
}

}  // namespace creel::cmd
