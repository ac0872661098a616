#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel images: one row per name of each image; <none> for those without. Scripts and prompts call it often: its
// default table is made without JSON and templates, and only what a template asks for is computed.
class ImagesCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, digests_ = false, no_trunc_ = false, no_heading_ = false, quiet_ = false, history_ = false,
       tree_ = false;
  std::string format_, sort_ = "created";
  std::vector<std::string> filters_, arguments_;
};

}  // namespace creel::cmd
