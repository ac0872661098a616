// --health-* become a container's configuration, or are refused in Podman's words.
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/health/health.h"
#include "engine/json.h"
#include "engine/time_filter.h"

namespace creel::engine {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kUsualInterval = 30 * kSecond;
constexpr std::int64_t kUsualTimeout = 30 * kSecond;
constexpr std::int64_t kUsualRetries = 3;
// Podman's bound is one second from version 5 on; a probe of a few milliseconds is no burden more often than that.
constexpr std::int64_t kShortest = 1'000'000;

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::string& word : split(text, ' ')) {
    if (!word.empty()) out.push_back(std::move(word));
  }
  return out;
}

Result<void> take_duration(const std::optional<std::string>& given, const char* name, std::int64_t least, std::int64_t& target) {
  if (!given) return {};
  auto parsed = parse_duration(*given);
  if (!parsed.ok()) return std::move(parsed).error().within(std::string("invalid ") + name);
  if (*parsed < least) {
    return fail(Code::kInvalid, std::string(name) + " must be " + (least > 0 ? "at least 1 millisecond" : "0 seconds or greater"));
  }
  target = *parsed;
  return {};
}

Result<void> take_number(const std::optional<std::string>& given, const char* name, std::int64_t least, std::int64_t& target) {
  if (!given) return {};
  TRY_SET(const std::int64_t number, parse_int(*given, std::string("--") + name));
  if (number < least || number > INT32_MAX) {
    return fail(Code::kInvalid, std::string(name) + (least > 0 ? " must be greater than 0" : " must be 0 or greater"));
  }
  target = number;
  return {};
}

Result<void> take_interval(const std::optional<std::string>& given, const char* name, std::int64_t& target) {
  if (!given) return {};
  if (*given == "disable" || *given == "0") {
    target = 0;
    return {};
  }
  return take_duration(given, name, kShortest, target);
}

// A start-up check without a line of its own is none.
Result<void> apply_startup(const HealthOptions& options, HealthConfig& config) {
  HealthCheckConfig& startup = config.startup;
  const bool others = options.startup_interval || options.startup_timeout || options.startup_retries || options.startup_success;
  if (options.startup_cmd) {
    TRY_SET(startup.test, parse_health_command(*options.startup_cmd));
    if (startup.interval_ns == 0 && startup.timeout_ns == 0) {
      startup.interval_ns = kUsualInterval;
      startup.timeout_ns = kUsualTimeout;
    }
  }
  if (!startup.runs()) {
    if (others) return fail(Code::kInvalid, "a startup healthcheck command must be set to use its other options");
    startup = {};
    return {};
  }
  if (!config.check.runs()) return fail(Code::kInvalid, "a startup healthcheck cannot be set without a healthcheck");
  TRY(take_interval(options.startup_interval, "healthcheck-startup-interval", startup.interval_ns));
  TRY(take_duration(options.startup_timeout, "healthcheck-startup-timeout", kShortest, startup.timeout_ns));
  TRY(take_number(options.startup_retries, "healthcheck-startup-retries", 0, startup.retries));
  return take_number(options.startup_success, "healthcheck-startup-success", 0, startup.successes);
}

Result<void> apply_logs(const HealthOptions& options, HealthConfig& config) {
  TRY(take_number(options.max_log_count, "health-max-log-count", 0, config.log_count));
  TRY(take_number(options.max_log_size, "health-max-log-size", 0, config.log_size));
  if (!options.log_destination) return {};
  const std::string& where = *options.log_destination;
  if (where != "local" && where != "events_logger" && where.rfind('/', 0) != 0) {
    return fail(Code::kInvalid, "invalid health log destination \"" + where + "\": local, events_logger or the absolute path of a directory is expected");
  }
  if (struct stat info {}; where.front() == '/' && (stat(where.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
    return fail(Code::kInvalid, "invalid health log destination \"" + where + "\": it is not a directory");
  }
  config.log_destination = where;
  return {};
}

}  // namespace

Result<std::vector<std::string>> parse_health_command(const std::string& text) {
  std::vector<std::string> words;
  const nlohmann::json array = nlohmann::json::parse(text, nullptr, false);
  if (array.is_array() && std::all_of(array.begin(), array.end(), [](const auto& word) { return word.is_string(); })) {
    words = array.get<std::vector<std::string>>();
    if (words.empty()) return fail(Code::kInvalid, "must define a healthcheck command for all healthchecks");
    const std::string first = upper(words[0]);
    if (first == "NONE") return std::vector<std::string>{"NONE"};
    if (first == "CMD" || first == "CMD-SHELL") {
      words[0] = first;
    } else {
      words.insert(words.begin(), words.size() > 1 ? "CMD" : "CMD-SHELL");
    }
    if (words.size() < 2) return fail(Code::kInvalid, "must define a healthcheck command for all healthchecks");
    return words;
  }
  const Cut parts = cut(text, ' ');
  const std::string first = upper(parts.before);
  if (first == "NONE") return std::vector<std::string>{"NONE"};
  if (first == "CMD") {
    words = words_of(text);
    words[0] = first;
  } else if (first == "CMD-SHELL") {
    words = {first, parts.after};
  } else {
    words = {"CMD-SHELL", text};
  }
  if (words.size() < 2 || words[1].empty()) return fail(Code::kInvalid, "must define a healthcheck command for all healthchecks");
  return words;
}

Result<void> apply_health(const HealthOptions& options, const HealthCheckConfig& image, HealthConfig& config) {
  HealthCheckConfig& check = config.check;
  if (options.none) {
    if (options.cmd) return fail(Code::kInvalid, "cannot specify both --no-healthcheck and --health-cmd");
    config = {};
    check.test = {"NONE"};
    return {};
  }
  const bool had_one = check.runs();
  if (!had_one) check = image;
  if (options.cmd) {
    TRY_SET(check.test, parse_health_command(*options.cmd));
  }
  if (options.on_failure) {
    const std::string& action = *options.on_failure;
    if (action != "none" && action != "kill" && action != "restart" && action != "stop") {
      return fail(Code::kInvalid, "invalid on-failure action \"" + action + "\" for health check: supported actions are none,kill,restart,stop");
    }
    if (action != "none" && !check.runs()) {
      return fail(Code::kInvalid, "cannot set on-failure action to " + action + " without a health check");
    }
    config.on_failure = action;
  }
  if (check.runs() && !had_one) {
    if (check.interval_ns == 0) check.interval_ns = kUsualInterval;
    if (check.timeout_ns == 0) check.timeout_ns = kUsualTimeout;
    if (check.retries == 0) check.retries = kUsualRetries;
  }
  // Also where there is nothing to check: a mistake is one.
  TRY(take_interval(options.interval, "healthcheck-interval", check.interval_ns));
  TRY(take_duration(options.timeout, "healthcheck-timeout", kShortest, check.timeout_ns));
  TRY(take_duration(options.start_period, "healthcheck-start-period", 0, check.start_period_ns));
  TRY(take_duration(options.start_interval, "healthcheck-start-interval", 0, check.start_interval_ns));
  TRY(take_number(options.retries, "healthcheck-retries", 1, check.retries));
  TRY(apply_logs(options, config));
  TRY(apply_startup(options, config));
  if (check.test.empty()) config.check = {};
  return {};
}

}  // namespace creel::engine
