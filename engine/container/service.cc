#include "engine/container/service.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/service_notify.h"
#include "engine/container/passes.h"

namespace creel::engine {

namespace {
constexpr const char* kInside = "/run/notify";
constexpr std::array kModes = {"container", "conmon", "healthy", "ignore"};
}  // namespace

Result<void> check_sdnotify(const std::string& mode) {
  if (std::find(kModes.begin(), kModes.end(), mode) != kModes.end()) return {};
  return fail(Code::kInvalid, "invalid sdnotify value \"" + mode + "\": must be container, conmon, healthy or ignore");
}

Result<std::string> log_tag(const ContainerConfig& config) {
  constexpr std::size_t kShortId = 12;
  const std::pair<std::string, std::string> names[] = {{"{{.ID}}", config.id.substr(0, kShortId)},
                                                       {"{{.FullID}}", config.id},
                                                       {"{{.Name}}", config.name},
                                                       {"{{.ImageName}}", config.image},
                                                       {"{{.ImageID}}", config.image_id}};
  std::string out = config.log_tag;
  for (const auto& [name, value] : names) {
    for (std::size_t at = out.find(name); at != std::string::npos; at = out.find(name, at + value.size())) {
      out.replace(at, name.size(), value);
    }
  }
  const bool plain = std::none_of(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (plain && out.find("{{") == std::string::npos) return out;
  return fail(Code::kInvalid,
              "--log-opt tag=" + config.log_tag +
                  ": only {{.ID}}, {{.FullID}}, {{.Name}}, {{.ImageName}} and {{.ImageID}} can be in it");
}

std::string journal_fields(const ContainerConfig& config) {
  constexpr std::size_t kShortId = 12;
  auto tag = log_tag(config);
  const bool tagged = tag.ok() && !tag->empty();
  std::string out = "CONTAINER_ID=" + config.id.substr(0, kShortId) + "\nCONTAINER_ID_FULL=" + config.id +
                    "\nCONTAINER_NAME=" + config.name + "\nIMAGE_NAME=" + config.image + "\n";
  if (tagged) out += "CONTAINER_TAG=" + *tag + "\n";
  return out + "SYSLOG_IDENTIFIER=" + (tagged ? *tag : config.name) + "\n";
}

monitor::NotifyJob notify_job(const ContainerConfig& config) {
  monitor::NotifyJob out;
  if (config.sdnotify == "ignore") return out;
  out.socket = service_notify_socket();
  if (out.socket.empty()) return out;
  out.when = config.sdnotify == "conmon"    ? monitor::NotifyWhen::kRunning
             : config.sdnotify == "healthy" ? monitor::NotifyWhen::kHealthy
                                            : monitor::NotifyWhen::kContainerSays;
  return out;
}

Result<void> add_notify_socket(Engine& engine, const ContainerConfig& config, const monitor::NotifyJob& job,
                               runtime::Spec& spec) {
  if (job.when != monitor::NotifyWhen::kContainerSays) return {};
  const std::string dir = engine.paths().running(config.id) + "/notify";
  if (mkdir(dir.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("making directory " + dir);
  // Whoever the container's process is, whatever the umask of this one.
  if (chmod(dir.c_str(), 0755) != 0) return errno_error("opening directory " + dir);
  spec.mounts.push_back({kInside, "bind", dir, {"bind", "rprivate", "ro"}});
  set_env(spec.process.env, "NOTIFY_SOCKET", std::string(kInside) + "/notify.sock");
  return {};
}

void announce_monitor(const ContainerConfig& config, pid_t monitor) {
  if (config.sdnotify != "ignore") notify_service(service_notify_socket(), "MAINPID=" + std::to_string(monitor));
}

}  // namespace creel::engine
