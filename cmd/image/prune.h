#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel image prune: removes images that no container uses.
class ImagePruneCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, build_cache_ = false, external_ = false, force_ = false;
  std::vector<std::string> filters_;
};

}  // namespace creel::cmd
