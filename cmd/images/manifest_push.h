#pragma once

#include "cmd/command.h"
#include "cmd/images/push_flags.h"
#include "cmd/images/registry_flags.h"

namespace creel::cmd {

// creel manifest push: a list and its images, as they are.
class ManifestPushCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  RegistryFlags registry_;
  PushFlags push_;
  bool all_ = true, insecure_ = false, quiet_ = false, rm_ = false;
  std::string digestfile_, progress_;
  std::vector<std::string> add_compression_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
