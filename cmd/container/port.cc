#include "cmd/container/port.h"

#include <cstdio>

#include "engine/container/container.h"
#include "net/ports.h"

namespace creel::cmd {
namespace {

using net::PortMapping;

std::string host_side(const PortMapping& port) {
  std::string address = port.host_ip.empty() ? "0.0.0.0" : port.host_ip;
  if (address.find(':') != std::string::npos) address = "[" + address + "]";
  return address + ":" + std::to_string(port.host_port);
}

std::string container_side(const PortMapping& port) {
  return std::to_string(port.container_port) + "/" + port.protocol;
}

void print_all(const std::string& prefix, const std::vector<PortMapping>& ports) {
  for (const PortMapping& port : ports) {
    std::printf("%s%s -> %s\n", prefix.c_str(), container_side(port).c_str(), host_side(port).c_str());
  }
}

Result<int> print_one(const std::vector<PortMapping>& ports, const std::string& wanted) {
  TRY_SET(const std::vector<PortMapping> parsed, net::parse_expose(wanted));
  bool found = false;
  for (const PortMapping& port : ports) {
    if (port.container_port != parsed[0].container_port || port.protocol != parsed[0].protocol) continue;
    std::printf("%s\n", host_side(port).c_str());
    found = true;
  }
  if (!found) {
    return fail(Code::kNotFound, "failed to find published port \"" + container_side(parsed[0]) + "\"");
  }
  return 0;
}

}  // namespace

void PortCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "List the published ports of all containers");
  flags.flag("-l,--latest", latest_, "The container that was created last");
  flags.arguments(arguments_);
}

Result<int> PortCommand::run(Context& context) {
  if (all_ && latest_) return fail(Code::kInvalid, "--all and --latest cannot be used together");
  if (all_ && !arguments_.empty()) return fail(Code::kInvalid, "no arguments are needed with --all");
  if (latest_ && arguments_.size() > 1) {
    return fail(Code::kInvalid, "--latest and containers cannot be used together");
  }
  if (!all_ && !latest_ && arguments_.empty()) {
    return fail(Code::kInvalid, "you must supply a running container name or id");
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  std::string name = arguments_.empty() ? "" : arguments_[0];
  std::string wanted = arguments_.size() == 2 ? arguments_[1] : "";
  if (all_ || latest_) {
    engine::ListOptions options;
    options.all = true;
    options.latest = latest_;
    TRY_SET(const std::vector<engine::Container> containers, engine::list(engine, options));
    if (all_) {
      for (const engine::Container& container : containers) {
        print_all(container.record.id.substr(0, 12) + "\t", engine::ports_of(container.record));
      }
      return 0;
    }
    if (containers.empty()) return fail(Code::kNotFound, "no containers found: no such container");
    wanted = name;
    name = containers[0].record.id;
  }
  TRY_SET(const std::vector<PortMapping> ports, engine::ports(engine, name));
  if (!wanted.empty()) return print_one(ports, wanted);
  print_all("", ports);
  return 0;
}

}  // namespace creel::cmd
