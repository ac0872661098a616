#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// creel image inspect
class ImageInspectCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 protected:
  // What a location names: in creel-images. Here it execs that, and returns only when that failed.
  virtual Result<nlohmann::json> inspect_elsewhere(Context& context, const std::string& location);
  std::string authfile_, cert_dir_, creds_, platform_;
  std::optional<bool> tls_verify_;

 private:
  Result<nlohmann::json> inspect(engine::Engine& engine, Context& context, const std::string& name);
  std::string format_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
