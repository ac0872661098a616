#pragma once

#include <string>

#include "cmd/command.h"

namespace creel::cmd {

// creel system check. Of the image plane: it hashes, and unpacks what is damaged again.
class CheckCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool force_ = false, quick_ = false, repair_ = false, rebuild_ = false;
  std::string max_age_ = "24h";
};

}  // namespace creel::cmd
