#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel doctor: the exit code is 0 when `creel run` works on this host, else 1.
class DoctorCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool json_ = false;
};

}  // namespace creel::cmd
