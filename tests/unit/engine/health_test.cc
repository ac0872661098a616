#include "engine/health/health.h"

#include <doctest/doctest.h>

namespace creel::engine {

namespace {

using Words = std::vector<std::string>;
constexpr std::int64_t kSecond = 1'000'000'000;

std::string refusal(const HealthOptions& options) {
  HealthConfig config;
  auto applied = apply_health(options, {}, config);
  return applied.ok() ? std::string() : applied.error().text;
}

}  // namespace

TEST_CASE("--health-cmd in all its spellings") {
  const auto parsed = [](const char* text) {
    auto words = parse_health_command(text);
    return words.ok() ? *words : Words{"error"};
  };
  CHECK(parsed("curl -f localhost || exit 1") == Words{"CMD-SHELL", "curl -f localhost || exit 1"});
  CHECK(parsed("true") == Words{"CMD-SHELL", "true"});
  CHECK(parsed("CMD-SHELL a  b") == Words{"CMD-SHELL", "a  b"});
  CHECK(parsed("cmd a b") == Words{"CMD", "a", "b"});
  CHECK(parsed(R"(["a","b c"])") == Words{"CMD", "a", "b c"});
  CHECK(parsed(R"(["a b"])") == Words{"CMD-SHELL", "a b"});
  CHECK(parsed(R"(["CMD","a b"])") == Words{"CMD", "a b"});
  CHECK(parsed("[bad") == Words{"CMD-SHELL", "[bad"});
  CHECK(parsed("none") == Words{"NONE"});
  for (const char* text : {"", "[]", "CMD", "CMD-SHELL", R"(["CMD"])"}) CHECK(parsed(text) == Words{"error"});
}

TEST_CASE("--health-*: what is not said is Podman's, or the image's") {
  HealthConfig config;
  HealthOptions options;
  options.cmd = "true";
  REQUIRE(apply_health(options, {}, config).ok());
  CHECK(config.check.interval_ns == 30 * kSecond);
  CHECK(config.check.timeout_ns == 30 * kSecond);
  CHECK(config.check.retries == 3);
  HealthCheckConfig image;
  image.test = {"CMD", "probe"};
  image.interval_ns = 7 * kSecond;
  HealthConfig from_image;
  HealthOptions some;
  some.timeout = "1s";
  REQUIRE(apply_health(some, image, from_image).ok());
  CHECK(from_image.check.test == image.test);
  CHECK(from_image.check.interval_ns == 7 * kSecond);
  CHECK(from_image.check.timeout_ns == kSecond);
  HealthOptions none;
  none.none = true;
  REQUIRE(apply_health(none, image, from_image).ok());
  CHECK(!from_image.check.runs());
  HealthConfig nothing;
  REQUIRE(apply_health({}, {}, nothing).ok());
  CHECK(nothing.check.test.empty());
}

TEST_CASE("--health-*: mistakes are refused") {
  HealthOptions options;
  options.cmd = "true";
  options.interval = "x";
  CHECK(refusal(options).rfind("invalid healthcheck-interval", 0) == 0);
  options.interval = "-1s";
  CHECK(!refusal(options).empty());
  options.interval = "disable";
  CHECK(refusal(options).empty());
  options.log_destination = "relative/dir";
  CHECK(!refusal(options).empty());
  HealthOptions startup;
  startup.startup_success = "2";
  CHECK(!refusal(startup).empty());
  startup.startup_cmd = "true";
  CHECK(!refusal(startup).empty());
  startup.cmd = "true";
  CHECK(refusal(startup).empty());
}

TEST_CASE("--restart") {
  const auto refused = [](const char* text) {
    auto policy = parse_restart_policy(text);
    return policy.ok() ? std::string() : policy.error().text;
  };
  for (const char* text : {"", "no", "none", "always", "on-failure", "on-failure:3", "unless-stopped"}) CHECK(refused(text).empty());
  CHECK(parse_restart_policy("on-failure:3").value().most == 3);
  CHECK(!parse_restart_policy("none").value().restarts());
  CHECK(refused("bogus") == "\"bogus\" is not a valid restart policy: invalid argument");
  CHECK(refused("always:3") == "restart policy retries can only be specified with on-failure restart policy");
  for (const char* text : {"on-failure:x", "on-failure:-1", "on-failure:", "on-failure:0", "on-failure:1:2", "no:1"}) CHECK(!refused(text).empty());
}

TEST_CASE("a container's record keeps its health check and restart policy") {
  ContainerConfig config;
  config.restart = {"on-failure", 4};
  config.health.check = {{"CMD", "a"}, 1, 2, 3, 4, 5, 0};
  config.health.startup = {{"CMD-SHELL", "b"}, 6, 7, 0, 0, 8, 9};
  config.health.on_failure = "stop";
  config.health.log_count = 7;
  auto back = config_from_json_text(to_json_text(config));
  REQUIRE(back.ok());
  CHECK(back->restart.policy == "on-failure");
  CHECK(back->restart.most == 4);
  CHECK(back->health.check.test == config.health.check.test);
  CHECK(back->health.check.start_interval_ns == 4);
  CHECK(back->health.startup.successes == 9);
  CHECK(back->health.on_failure == "stop");
  CHECK(back->health.log_count == 7);
  // One of an earlier version, which had none.
  auto without = config_from_json_text("{}");
  REQUIRE(without.ok());
  CHECK(without->health.on_failure == "none");
  CHECK(without->health.log_count == 5);
}

}  // namespace creel::engine
