#pragma once

#include "cmd/command.h"
#include "cmd/images/registry_flags.h"
#include "engine/container/options.h"
#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

// creel pull: fetches images from registries, archives and directories, prints their IDs.
class PullCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  using Ids = Result<std::vector<std::string>>;
  Ids pull(engine::Engine& engine, const std::string& given, engine::transfer::Progress& progress);
  Result<std::string> obtain(engine::Engine& engine, const std::string& name, engine::transfer::Progress& progress);
  // One full reference, or a location.
  Result<std::string> obtain_one(engine::Engine& engine, const std::string& name, engine::transfer::Progress& progress);

  bool all_tags_ = false, quiet_ = false, ask_ = false;
  std::string progress_;
  std::string platform_, os_, arch_, variant_;
  RegistryFlags registry_;
  std::optional<bool> trust_;
  std::string policy_ = "always", signature_policy_;
  std::vector<std::string> arguments_;
  engine::transfer::RegistryOptions options_;
};

}  // namespace creel::cmd
