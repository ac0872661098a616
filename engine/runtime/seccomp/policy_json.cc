#include "engine/runtime/seccomp/policy_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/runtime/seccomp/names.h"

namespace creel::engine::runtime {

using nlohmann::json;

namespace {

json rule_json(const SeccompRule& rule) {
  json out = {{"names", rule.names}, {"action", action_name(rule.action)}};
  if (action_takes_number(rule.action)) out["errnoRet"] = rule.action & SECCOMP_RET_DATA;
  for (const scmp_arg_cmp& argument : rule.arguments) {
    json one = {{"index", argument.arg}, {"op", operator_name(argument.op)}, {"value", argument.datum_a}};
    if (argument.op == SCMP_CMP_MASKED_EQ) one["valueTwo"] = argument.datum_b;
    out["args"].push_back(std::move(one));
  }
  return out;
}

}  // namespace

std::string policy_json(const SeccompPolicy& policy) {
  json out = {{"defaultAction", action_name(policy.default_action)}};
  if (action_takes_number(policy.default_action)) out["defaultErrnoRet"] = policy.default_action & SECCOMP_RET_DATA;
  std::vector<std::uint32_t> architectures = policy.architectures;
  const std::uint32_t native = seccomp_arch_native();
  if (std::find(architectures.begin(), architectures.end(), native) == architectures.end()) {
    architectures.insert(architectures.begin(), native);
  }
  for (const std::uint32_t one : architectures) out["architectures"].push_back(architecture_name(one));
  out["syscalls"] = json::array();
  for (const SeccompRule& rule : policy.rules) {
    // libseccomp, in whoever reads this, refuses what says no more than the default; and a rule must name something.
    if (rule.action != policy.default_action && !rule.names.empty()) out["syscalls"].push_back(rule_json(rule));
  }
  for (const std::string& flag : flag_names(policy.flags)) out["flags"].push_back(flag);
  if (!policy.listener_path.empty()) out["listenerPath"] = policy.listener_path;
  if (!policy.listener_metadata.empty()) out["listenerMetadata"] = policy.listener_metadata;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace creel::engine::runtime
