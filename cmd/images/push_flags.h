// What push and manifest push have in common: how layers are compressed, and who signs.
#pragma once

#include <cstdint>
#include <string>

#include "cmd/flags.h"
#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

class PushFlags {
 public:
  // --compression-format --compression-level --force-compression --format --remove-signatures --sign-…
  void declare(Flags& flags);
  // All but `registry` of the options. kInvalid names the flag.
  [[nodiscard]] Result<engine::transfer::PushOptions> options() const;
  // kInvalid for what is no compression that a layer can have; `flag` names it.
  static Result<void> check_compression(const std::string& flag, const std::string& format);

 private:
  static constexpr std::int64_t kDefaultLevel = -1;
  std::string format_, compression_, key_, sigstore_key_, sigstore_parameters_, passphrase_file_;
  std::int64_t level_ = kDefaultLevel;
  bool force_compression_ = false, remove_signatures_ = false;
};

}  // namespace creel::cmd
