// The flags of every command that speaks to a registry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cmd/flags.h"
#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

class RegistryFlags {
 public:
  // --authfile --cert-dir --creds --tls-verify
  void declare(Flags& flags);
  // --retry --retry-delay
  void declare_retries(Flags& flags);
  // kInvalid names the flag.
  [[nodiscard]] Result<engine::transfer::RegistryOptions> options() const;

 private:
  std::string authfile_, creds_, cert_dir_, retry_delay_;
  std::optional<bool> tls_verify_;
  std::int64_t retries_ = 3;
};

}  // namespace creel::cmd
