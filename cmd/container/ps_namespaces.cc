#include "cmd/container/ps_namespaces.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace creel::cmd {
namespace {

// "net:[4026531840]" -> "4026531840"
std::string number_of(pid_t pid, const char* kind) {
  char target[64];
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + kind;
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  if (size <= 0) return {};
  const std::string text(target, static_cast<std::size_t>(size));
  const std::size_t open = text.find('[');
  return open == std::string::npos ? std::string() : text.substr(open + 1, text.find(']') - open - 1);
}

}  // namespace

ContainerNamespaces namespaces_of(const engine::Container& container) {
  ContainerNamespaces out;
  const auto& observed = container.observed;
  const bool alive =
      observed.status == engine::monitor::Status::kRunning || observed.status == engine::monitor::Status::kPaused;
  if (!alive || !observed.state) return out;
  out.pid = observed.state->pid;
  out.cgroup = number_of(out.pid, "cgroup");
  out.ipc = number_of(out.pid, "ipc");
  out.mount = number_of(out.pid, "mnt");
  out.net = number_of(out.pid, "net");
  out.pid_ns = number_of(out.pid, "pid");
  out.user = number_of(out.pid, "user");
  out.uts = number_of(out.pid, "uts");
  return out;
}

nlohmann::json namespaces_document(const engine::Container& container) {
  const ContainerNamespaces ns = namespaces_of(container);
  nlohmann::json out = nlohmann::json::object();
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  };
  add("Cgroup", ns.cgroup);
  add("Ipc", ns.ipc);
  add("Mnt", ns.mount);
  add("Net", ns.net);
  add("Pidns", ns.pid_ns);
  add("User", ns.user);
  add("Uts", ns.uts);
  return out;
}

}  // namespace creel::cmd
