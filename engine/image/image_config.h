// What an image says about the containers made of it: the `config` of the OCI image configuration. Pure data.
// Hostile input: everything of a wrong type reads as absent.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/health/config.h"

namespace creel::engine {

struct ImageConfig {
  std::string os, architecture, variant, author, comment;
  std::int64_t created_ns = 0;
  std::string user, workdir, stop_signal;
  std::vector<std::string> env, entrypoint, cmd;
  std::vector<std::string> volumes;        // destinations
  std::vector<std::string> exposed_ports;  // "80/tcp"
  std::map<std::string, std::string> labels;
  HealthCheckConfig health;  // of Docker's images
};
// kInvalid when it is not JSON.
Result<ImageConfig> parse_image_config(const std::string& text);
// Whether the image of that configuration is for `platform` ("os/arch[/variant]"; empty: any). kNotFound tells what it
// is for.
Result<void> require_platform(const std::string& text, const std::string& platform);

}  // namespace creel::engine
