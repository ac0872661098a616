// Another OCI runtime than Creel's own, as a program to call: the command line that they have in common, and what their logs
// say when they fail. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/runtime/child/init.h"

namespace creel::engine::monitor {

struct RuntimeProgram {
  std::string name;                // for errors
  std::string path;                // absolute; empty: Creel's own runtime
  std::vector<std::string> flags;  // global ones, in front of the command
  std::string state_root;          // where it keeps its containers' states (--root)
};

// Path, flags, --root, the log in JSON to `log`, `command`.
std::vector<std::string> runtime_argv(const RuntimeProgram& program, const std::string& log,
                                      const std::vector<std::string>& command);
// The environment for it: ours, without what speaks to our own service manager.
std::vector<std::string> runtime_environment();

// The failure of a command as our own error: kCommandAbsent (127) and kCannotInvoke (126) where the container's command is to
// blame, told by the text alone, as other engines do. `log`: the file's content. `said`: what it wrote to its stderr, for
// runtimes that do not log.
Error runtime_error(const RuntimeProgram& program, std::string_view command, std::string_view log, std::string_view said,
                    int exit_code);

// --preserve-fds, where there are any: the flag counts from 3 on, and passes over what is not open.
void add_preserved(const std::vector<std::uint32_t>& numbers, std::vector<std::string>& command);

// Runs one command in directory `dir`, where names of files stay short, with its log there; -1 in `stdio`: /dev/null;
// `passed`: {ours, its number}. Errors as runtime_error(). Changes the file mode mask meanwhile: for a process with one thread.
Result<void> call_runtime(const RuntimeProgram& program, const std::vector<std::string>& command, const std::string& dir,
                          const runtime::Stdio& stdio, const std::vector<std::pair<int, int>>& passed = {});

}  // namespace creel::engine::monitor
