#include "engine/runtime/instance/hooks.h"

namespace creel::engine::runtime {

namespace {

void replace(std::string& text, std::string_view what, const std::string& by) {
  if (const std::size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
}

}  // namespace

Result<void> run_hooks(const std::vector<HookStep>& hooks, const Plan& plan, pid_t pid, const std::string& status) {
  if (hooks.empty()) return {};
  std::string state = plan.hook_state;
  replace(state, "@STATUS@", status);
  replace(state, "@PID@", std::to_string(pid));
  return fail(Code::kUnsupported, "hook " + hooks.front().path + ": hooks are not built yet");
}

}  // namespace creel::engine::runtime
