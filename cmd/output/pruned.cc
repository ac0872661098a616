#include "cmd/output/pruned.h"

#include <cstdio>

#include "cmd/command.h"
#include "cmd/exit_code.h"

namespace creel::cmd {

int print_pruned(const engine::Pruned& pruned, const std::string& heading) {
  if (!heading.empty() && !pruned.removed.empty()) std::printf("%s\n", heading.c_str());
  for (const std::string& name : pruned.removed) std::printf("%s\n", name.c_str());
  for (const Error& error : pruned.errors) print_error(error);
  return pruned.errors.empty() ? 0 : kExitEngine;
}

}  // namespace creel::cmd
