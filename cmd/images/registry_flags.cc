#include "cmd/images/registry_flags.h"

#include "engine/time_filter.h"

namespace creel::cmd {
namespace {

Result<std::int64_t> parse_delay(const std::string& text) {
  auto delay = engine::parse_duration(text);
  constexpr std::int64_t kNsPerMs = 1000000;
  if (delay.ok() && *delay >= 0 && *delay <= 24 * 3600 * 1000 * kNsPerMs) return *delay / kNsPerMs;
  return fail(Code::kInvalid, "invalid --retry-delay \"" + text + "\": a time like 500ms, 2s or 1m30s is expected");
}

}  // namespace

void RegistryFlags::declare(Flags& flags) {
  flags.value("--authfile", authfile_, "string", "File of credentials instead of the usual ones");
  flags.value("--cert-dir", cert_dir_, "string", "Directory of certificates and keys for the registry");
  flags.value("--creds", creds_, "USERNAME:PASSWORD", "Credentials for the registry");
  flags.flag("--tls-verify", tls_verify_, "Require HTTPS and verify certificates");
}

void RegistryFlags::declare_retries(Flags& flags) {
  flags.integer("--retry", retries_, "int", "How often to try again after a failure that may pass");
  flags.value("--retry-delay", retry_delay_, "duration", "How long to wait between tries (default: longer each time)");
}

Result<engine::transfer::RegistryOptions> RegistryFlags::options() const {
  if (retries_ < 0 || retries_ > 1000) return fail(Code::kInvalid, "--retry must be between 0 and 1000");
  engine::transfer::RegistryOptions out;
  out.authfile = authfile_;
  out.creds = creds_;
  out.cert_dir = cert_dir_;
  out.tls_verify = tls_verify_;
  out.retries = static_cast<int>(retries_);
  if (!retry_delay_.empty()) {
    TRY_SET(out.retry_delay_ms, parse_delay(retry_delay_));
  }
  return out;
}

}  // namespace creel::cmd
