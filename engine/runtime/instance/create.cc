#include "engine/runtime/instance/create.h"

#include "engine/runtime/instance/creation.h"

namespace creel::engine::runtime {

Result<void> create_container(const StateRoot& root, const CreateOptions& options) {
  Creation creation(root, options);
  TRY(creation.prepare(true));
  return creation.publish();
}

Result<int> run_container(const StateRoot& root, const RunOptions& options) {
  Creation creation(root, options.create);
  TRY(creation.prepare(false));
  const Fd terminal = creation.process().take_terminal();
  if (options.detach && terminal.valid()) {
    return fail(Code::kInvalid, "the container has a terminal that nobody would hold")
        .with_hint("--detach goes with --console-socket, or with process.terminal false in config.json");
  }
  TRY(creation.publish());
  TRY(creation.go());
  if (options.detach) return 0;
  TRY_SET(const int code, creation.attend(terminal.get()));
  if (!options.keep) TRY(creation.remove());
  return code;
}

}  // namespace creel::engine::runtime
