#include "engine/runtime/instance/hooks.h"

#include "engine/runtime/child/hook.h"

namespace creel::engine::runtime {

Result<void> run_hooks(const std::vector<HookStep>& hooks, const Plan& plan, pid_t pid, const std::string& status) {
  if (hooks.empty()) return {};
  const std::string state = state_text(plan.hook_state, pid, status);
  for (const HookStep& hook : hooks) TRY(run_hook(hook, state));
  return {};
}

}  // namespace creel::engine::runtime
