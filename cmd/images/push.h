#pragma once

#include "cmd/command.h"
#include "cmd/images/push_flags.h"
#include "cmd/images/registry_flags.h"

namespace creel::cmd {

// creel push: images from local storage to a registry or another place.
class PushCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Result<void> push_one(engine::Engine& engine, const std::string& image, const std::string& destination);

  RegistryFlags registry_;
  PushFlags push_;
  engine::transfer::PushOptions options_;
  bool all_tags_ = false, compress_ = false, quiet_ = false;
  std::optional<bool> trust_;
  std::string digest_file_, platform_, signature_policy_;
  std::vector<std::string> arguments_;
  std::string progress_;
};

}  // namespace creel::cmd
