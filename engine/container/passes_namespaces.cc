// --pid, --ipc, --uts, --cgroupns and --sysctl. The network has its own file, the user namespace too.
#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/passes.h"
#include "engine/runtime/sysctl.h"

namespace creel::engine {

namespace {

// `others`: modes of this kind beside private, host, container:NAME and ns:PATH.
Result<std::string> namespace_mode(Creation& creation, const std::string& given, const char* kind,
                                   std::initializer_list<const char*> others) {
  const Cut mode = cut(given, ':');
  if (given.empty() || given == "host" || std::find(others.begin(), others.end(), given) != others.end()) return given;
  if (given == "private") return std::string();
  if (mode.before == "container" && !mode.after.empty()) return shared_with(creation, mode.after, kind);
  if (mode.before == "ns" && !mode.after.empty()) {
    struct stat info {};
    if (stat(mode.after.c_str(), &info) != 0) {
      return errno_error("stat " + mode.after).within(std::string("cannot find specified ") + kind + " namespace path");
    }
    return given;
  }
  return fail(Code::kInvalid, "unrecognized namespace mode " + given + " passed")
      .with_hint("--" + std::string(kind) + " takes private, host, container:NAME or ns:PATH");
}

}  // namespace

Result<std::string> shared_with(Creation& creation, const std::string& name, const char* kind) {
  TRY_SET(storage::Store * store, creation.engine.store());
  auto other = store->container(name);
  if (!other.ok()) {
    return std::move(other).error().within(std::string("looking up container to share ") + kind + " namespace with");
  }
  return "container:" + other->id;
}

Result<void> pass_namespaces(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  TRY_SET(config.pid, namespace_mode(creation, options.pid, "pid", {}));
  TRY_SET(config.ipc, namespace_mode(creation, options.ipc, "ipc", {"private", "shareable", "none"}));
  TRY_SET(config.uts, namespace_mode(creation, options.uts, "uts", {}));
  TRY_SET(config.cgroupns, namespace_mode(creation, options.cgroupns, "cgroupns", {}));
  if (!config.uts.empty() && !options.hostname.empty()) {
    return fail(Code::kInvalid, config.uts == "host"
                                    ? "cannot set hostname when running in the host UTS namespace: invalid configuration"
                                    : "cannot set hostname when joining another's UTS namespace: invalid configuration");
  }
  return {};
}

Result<void> pass_sysctls(Creation& creation) {
  ContainerConfig& config = creation.config;
  const bool own_network = config.network != "host" && !joins(config.network);
  const bool own_ipc = config.ipc != "host" && !joins(config.ipc);
  for (const std::string& text : creation.options.sysctl) {
    const Cut pair = cut(text, '=');
    if (!pair.found || pair.before.empty()) {
      return fail(Code::kInvalid, text + " is invalid, sysctl values must be in the form of KEY=VALUE");
    }
    // Told now, not at the first start.
    TRY(runtime::compile_sysctl(pair.before, pair.after, {own_network, own_ipc}));
    config.sysctls[pair.before] = pair.after;
  }
  return {};
}

}  // namespace creel::engine
