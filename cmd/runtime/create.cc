#include "engine/runtime/instance/create.h"

#include "cmd/runtime/handlers.h"

namespace creel::cmd::runtime {

namespace {

void declare_bundle(Flags& flags, oci::CreateOptions& options, std::int64_t& preserve_fds) {
  flags
      .value("-b,--bundle", options.bundle.bundle, "string",
             "Directory of the bundle; the working directory by default")
      .value("--config", options.bundle.config, "string", "Another file than the bundle's config.json")
      .value("--console-socket", options.console_socket, "string",
             "Unix socket that the terminal's main side is sent to")
      .value("--pid-file", options.pid_file, "string", "File for the process's PID")
      .flag("--no-pivot", options.bundle.no_pivot, "Change the root without pivot_root(2): for a root on a ramdisk")
      .flag("--no-new-keyring", options.bundle.no_new_keyring, "Keep the caller's session keyring")
      .integer("--preserve-fds", preserve_fds, "int", "Pass on N more descriptors, from 3 on");
}

Result<void> complete(oci::CreateOptions& options, const Global& global, const std::string& id,
                      std::int64_t preserve_fds) {
  constexpr std::int64_t kMost = 4096;
  if (preserve_fds < 0 || preserve_fds > kMost) {
    return fail(Code::kInvalid, "--preserve-fds " + std::to_string(preserve_fds) + ": not a number of descriptors");
  }
  options.bundle.preserve_fds = static_cast<int>(preserve_fds);
  options.bundle.id = id;
  options.bundle.systemd_cgroup = global.systemd_cgroup;
  return {};
}

}  // namespace

void Create::declare(Flags& flags) {
  declare_bundle(flags, options_, preserve_fds_);
}

Result<int> Create::run(const Global& global) {
  TRY(complete(options_, global, arguments[0], preserve_fds_));
  TRY_SET(const oci::StateRoot root, oci::StateRoot::open(global.root));
  TRY(oci::create_container(root, options_));
  return 0;
}

void Run::declare(Flags& flags) {
  declare_bundle(flags, options_.create, preserve_fds_);
  flags.flag("-d,--detach", options_.detach, "Do not wait for the container's end")
      .flag("--keep", options_.keep, "Keep the container's state when it has ended")
      .flag("--no-subreaper", no_subreaper_, "Accepted; orphans are never adopted")
      .hidden();
}

Result<int> Run::run(const Global& global) {
  TRY(complete(options_.create, global, arguments[0], preserve_fds_));
  TRY_SET(const oci::StateRoot root, oci::StateRoot::open(global.root));
  return oci::run_container(root, options_);
}

}  // namespace creel::cmd::runtime
