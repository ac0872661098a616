#pragma once

#include "cmd/command.h"
#include "engine/image/image.h"

namespace creel::cmd {

// "Untagged: …", "Deleted: …".
void print_removed(const engine::RemovedImage& removed);

// creel rmi: takes names away, deletes images that have none left.
class RmiCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, force_ = false, ignore_ = false, no_prune_ = false;
  std::vector<std::string> platforms_, arguments_;
};

}  // namespace creel::cmd
