// What a file would execute, told from the file itself: not the engine's own program, by no name and no "#!" line
// (CVE-2019-5736). See execve(2). Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "engine/runtime/child/own_program.h"

namespace creel::engine::runtime {

[[nodiscard]] bool is_own(int fd, const OwnProgram& own);

struct Interpreter {
  std::string path, argument;  // the kernel passes all that follows on as one argument; empty: none
};
// `fd` may be O_PATH. Nothing: it has no "#!" line, or cannot be read.
std::optional<Interpreter> interpreter_of(int fd);

// Whether running `path` would run the engine's own program, directly or as an interpreter: at this moment.
[[nodiscard]] bool runs_own_program(const std::string& path, const OwnProgram& own);

// execve(2) of the very file that was looked at, and of no other that is put in its place meanwhile; of a script it is the
// interpreter. Returns only on failure: an errno, EACCES for the engine's own program. `argv`: of the caller, pointers to strings
// that it owns.
int execute_checked(const std::string& path, char* const* argv, char* const* envp, const OwnProgram& own);

}  // namespace creel::engine::runtime
