#include "base/text.h"
#include "engine/health/health.h"

namespace creel::engine {

Result<RestartConfig> parse_restart_policy(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  RestartConfig out;
  out.policy = parts[0];
  if (out.policy == "none") out.policy = "no";
  if (!out.policy.empty() && out.policy != "no" && out.policy != "on-failure" && out.policy != "always" && out.policy != "unless-stopped") {
    return fail(Code::kInvalid, "\"" + out.policy + "\" is not a valid restart policy: invalid argument")
        .with_hint("Policies are no, on-failure[:N], always and unless-stopped.");
  }
  if (parts.size() == 1) return out;
  if (parts.size() > 2) return fail(Code::kInvalid, "invalid restart policy: may specify retries at most once");
  if (out.policy != "on-failure") return fail(Code::kInvalid, "restart policy retries can only be specified with on-failure restart policy");
  auto most = parse_int(parts[1], "number");
  if (!most.ok() || *most > INT32_MAX) return fail(Code::kInvalid, "parsing restart policy retry count: \"" + parts[1] + "\" is not a number");
  if (*most <= 0) return fail(Code::kInvalid, "must specify restart policy retry count as a number greater than 0");
  out.most = *most;
  return out;
}

}  // namespace creel::engine
