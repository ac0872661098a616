#pragma once

#include "cmd/command.h"
#include "cmd/images/registry_flags.h"

namespace creel::cmd {

// creel push: images from local storage to a registry or another place.
class PushCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  static constexpr std::int64_t kDefaultLevel = -1;
  [[nodiscard]] Result<void> check() const;
  Result<void> push_one(engine::Engine& engine, const std::string& image, const std::string& destination);

  RegistryFlags registry_;
  engine::transfer::PushOptions options_;
  bool all_tags_ = false, quiet_ = false, force_compression_ = false, remove_signatures_ = false;
  std::optional<bool> trust_;
  std::string digest_file_;
  std::int64_t level_ = kDefaultLevel;
  std::vector<std::string> arguments_;
  std::string progress_;
};

}  // namespace creel::cmd
