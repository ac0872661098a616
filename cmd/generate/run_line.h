// The command line that a container was made with, taken apart so that another like it can be put together.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::cmd {

// One flag as it was typed: "--env A=b", "-eA=b", "--env=A=b".
struct TypedFlag {
  std::string name;                // "--env": its first long name, whichever was typed
  std::string value;               // of booleans "true" or what was given
  std::vector<std::string> words;  // as typed; a cluster "-dit" is taken apart
};

struct RunLine {
  std::vector<std::string> program_flags;  // in front of the command: "--root", "/srv/creel"
  std::vector<TypedFlag> flags;
  std::vector<std::string> rest;  // the image and what belongs to the container
  // Of the last one that was typed; empty: none.
  [[nodiscard]] std::string value(const std::string& name) const;
  void remove(const std::string& name);
};

// `argv` of a `creel run` or `creel create`, as a container's record has it. kInvalid where it is none.
Result<RunLine> read_run_line(const std::vector<std::string>& argv);

}  // namespace creel::cmd
