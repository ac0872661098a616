// What of creel manifest needs no more than the records.
#pragma once

#include "cmd/command.h"

namespace creel::cmd {

class ManifestExistsCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

// creel manifest rm: as rmi, of lists alone.
class ManifestRmCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool ignore_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
