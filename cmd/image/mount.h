#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel image mount: shows images' files as directories; without an image, what is mounted.
class ImageMountCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false;
  std::string format_;
  std::vector<std::string> arguments_;
};

// creel image unmount
class ImageUnmountCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, force_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
