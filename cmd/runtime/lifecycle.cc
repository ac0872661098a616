#include "engine/runtime/instance/lifecycle.h"

#include "base/signals.h"
#include "cmd/runtime/handlers.h"

namespace creel::cmd::runtime {

void Start::declare(Flags&) {}
Result<int> Start::run(const Global& global) {
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  TRY(oci::start_container(instance));
  return 0;
}

void Kill::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Every process of the container, not its first alone");
}
Result<int> Kill::run(const Global& global) {
  TRY_SET(const int signal, parse_signal(arguments.size() > 1 ? arguments[1] : "TERM"));
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  TRY(oci::kill_container(instance, signal, all_));
  return 0;
}

void Delete::declare(Flags& flags) {
  flags.flag("-f,--force", force_, "Kill the container first where it runs; an absent one is success");
}
Result<int> Delete::run(const Global& global) {
  TRY_SET(const oci::StateRoot root, oci::StateRoot::open(global.root));
  for (const std::string& id : arguments) TRY(oci::delete_container(root, id, force_));
  return 0;
}

void Pause::declare(Flags&) {}
Result<int> Pause::run(const Global& global) {
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  TRY(oci::pause_container(instance));
  return 0;
}

void Resume::declare(Flags&) {}
Result<int> Resume::run(const Global& global) {
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  TRY(oci::resume_container(instance));
  return 0;
}

}  // namespace creel::cmd::runtime
