// Several containers, one act: each is tried, errors are printed as they come, the gravest exit code stands.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "cmd/container/selection.h"

namespace creel::cmd {

// What to print when it went well; "" for nothing.
using Act = std::function<Result<std::string>(engine::Engine&, const Target&)>;
// cmd/exit_code.h
using CodeOf = int (*)(const Error&);

// One after the other.
int act_on_each(engine::Engine& engine, const std::vector<Target>& targets, const Act& act, CodeOf code_of);

// At the same time, so that five timeouts take as long as one. Each act runs in a process of its own with an engine of
// its own, because an engine serves one thread and SQLite's connections do not survive a fork: hence `engine` is given
// away. What is to be printed is printed in the order of `targets`.
Result<int> act_side_by_side(const Context& context, engine::Engine engine, const std::vector<Target>& targets,
                             const Act& act, CodeOf code_of);

}  // namespace creel::cmd
