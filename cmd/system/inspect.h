#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel inspect: a container of that name, else an image, else a volume.
class InspectAnyCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 protected:
  // What a location names: in creel-images. Here it execs that, and returns only when that failed.
  virtual Result<nlohmann::json> inspect_elsewhere(Context& context, const std::string& location);

 private:
  Result<nlohmann::json> inspect(engine::Engine& engine, Context& context, const std::string& name);
  std::string format_, type_ = "all";
  bool size_ = false, latest_ = false;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
