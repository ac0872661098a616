#include "engine/image/image_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/image/image.h"
#include "engine/json.h"

namespace creel::engine {

Result<ImageConfig> parse_image_config(const std::string& text) {
  TRY_SET(const nlohmann::json document, parse_json(text, "image configuration"));
  ImageConfig out;
  out.os = text_of(document, "os");
  out.architecture = text_of(document, "architecture");
  out.variant = text_of(document, "variant");
  out.author = text_of(document, "author");
  out.comment = text_of(document, "comment");
  if (auto created = parse_rfc3339(text_of(document, "created")); created.ok()) out.created_ns = *created;
  const nlohmann::json& config = member(document, "config");
  out.user = text_of(config, "User");
  out.workdir = text_of(config, "WorkingDir");
  out.stop_signal = text_of(config, "StopSignal");
  out.env = texts_of(config, "Env");
  out.entrypoint = texts_of(config, "Entrypoint");
  out.cmd = texts_of(config, "Cmd");
  out.volumes = keys_of(config, "Volumes");
  out.exposed_ports = keys_of(config, "ExposedPorts");
  out.labels = text_map_of(config, "Labels");
  const nlohmann::json& health = member(config, "Healthcheck");
  out.health.test = texts_of(health, "Test");
  out.health.interval_ns = std::max<std::int64_t>(int_of(health, "Interval"), 0);
  out.health.timeout_ns = std::max<std::int64_t>(int_of(health, "Timeout"), 0);
  out.health.start_period_ns = std::max<std::int64_t>(int_of(health, "StartPeriod"), 0);
  out.health.start_interval_ns = std::max<std::int64_t>(int_of(health, "StartInterval"), 0);
  out.health.retries = std::max<std::int64_t>(int_of(health, "Retries"), 0);
  return out;
}

Result<void> require_platform(const std::string& text, const std::string& platform) {
  if (platform.empty()) return {};
  TRY_SET(const Platform wanted, parse_platform(platform));
  TRY_SET(const ImageConfig config, parse_image_config(text));
  const bool fits = config.os == wanted.os && config.architecture == wanted.architecture &&
                    (wanted.variant.empty() || config.variant.empty() || config.variant == wanted.variant);
  if (fits) return {};
  return fail(Code::kNotFound,
              "the image here is for " + config.os + "/" + config.architecture + ", not for " + platform);
}

}  // namespace creel::engine
