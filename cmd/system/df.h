// creel system df
#pragma once

#include <string>

#include "cmd/command.h"

namespace creel::cmd {

class DfCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::string format_;
  bool verbose_ = false;
};

}  // namespace creel::cmd
