#include "engine/runtime/cgroup/scope.h"

#include <unistd.h>

#include <cerrno>
#include <limits>

#include "base/text.h"
#include "engine/runtime/cgroup/dbus.h"
#include "engine/runtime/cgroup/limits.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

constexpr auto kTimeout = std::chrono::seconds(10);
// How long a scope of an earlier run of the same container may take to go away.
constexpr auto kGoneTimeout = std::chrono::seconds(2);
constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kObject = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();

DBusCall manager_call(const char* member, const char* signature, const DBusWriter& arguments) {
  return {kService, kObject, kManager, member, signature, arguments.bytes()};
}

// a(sv)
class Properties {
 public:
  explicit Properties(DBusWriter& out) : out_(out), array_(out.begin_array(8)) {}
  void end() { out_.end_array(array_); }
  void number(const char* name, std::uint64_t value) {
    begin(name, "t");
    out_.u64(value);
  }
  void boolean(const char* name, bool value) {
    begin(name, "b");
    out_.boolean(value);
  }
  void text(const char* name, const std::string& value) {
    begin(name, "s");
    out_.string(value);
  }
  void pids(pid_t pid) {
    begin("PIDs", "au");
    const auto list = out_.begin_array(4);
    out_.u32(static_cast<std::uint32_t>(pid));
    out_.end_array(list);
  }
  void device_weights(const std::vector<BlockWeight>& weights) {
    begin("IODeviceWeight", "a(st)");
    const auto list = out_.begin_array(8);
    for (const BlockWeight& one : weights) {
      out_.begin_struct();
      out_.string("/dev/block/" + std::to_string(one.major) + ":" + std::to_string(one.minor));
      out_.u64(io_weight(one.weight));
    }
    out_.end_array(list);
  }

 private:
  void begin(const char* name, const char* type) {
    out_.begin_struct();
    out_.string(name);
    out_.signature(type);
  }
  DBusWriter& out_;
  DBusWriter::Array array_;
};

// Limits hold in the sub-group, where the engine writes them; here they are repeated for `systemctl status`. The CPU
// quota is not: throttled twice is slower than once. Weights and protections work against the scope's neighbours, so
// they are here.
void add_limits(const Resources& r, Properties& out) {
  const auto or_infinity = [](std::int64_t value) {
    return value <= 0 ? kInfinity : static_cast<std::uint64_t>(value);
  };
  if (r.memory_limit.value_or(0) != 0) out.number("MemoryMax", or_infinity(*r.memory_limit));
  if (r.memory_reservation.value_or(0) != 0) out.number("MemoryLow", or_infinity(*r.memory_reservation));
  if (r.cpu_shares.value_or(0) != 0) out.number("CPUWeight", cpu_weight(*r.cpu_shares));
  if (r.pids_limit) out.number("TasksMax", or_infinity(*r.pids_limit));
  if (r.io_weight.value_or(0) != 0) out.number("IOWeight", io_weight(*r.io_weight));
  if (!r.io_weight_device.empty()) out.device_weights(r.io_weight_device);
}

std::vector<DBusAddress> addresses(const CgroupPlan& plan) {
  const bool system = plan.bus_uid == 0;
  std::vector<DBusAddress> out;
  const std::string run = system ? "/run" : plan.runtime_dir;
  // Its own socket first: no other process takes part, and nothing needs to be subscribed to.
  if (!run.empty()) out.push_back({run + "/systemd/private", false, false});
  if (!system) {
    for (DBusAddress& one : parse_bus_address(plan.bus_address)) out.push_back(std::move(one));
  }
  if (!run.empty()) out.push_back({run + (system ? "/dbus/system_bus_socket" : "/bus"), false, true});
  return out;
}

Result<DBus> connect(const CgroupPlan& plan) {
  Error first = fail(Code::kUnavailable, "no socket of it is known (XDG_RUNTIME_DIR is not set)");
  bool any = false;
  for (const DBusAddress& address : addresses(plan)) {
    auto connection = DBus::connect(address, plan.bus_uid);
    if (connection.ok()) return connection;
    if (!any) first = std::move(connection).error();
    any = true;
  }
  first.code = Code::kUnavailable;
  return std::move(first)
      .within("systemd of user " + std::to_string(plan.bus_uid) + " cannot be reached")
      .with_hint(
          "log in so that systemd runs for the user (ssh or `machinectl shell`, not su; `loginctl enable-linger`), or "
          "use "
          "--cgroup-manager cgroupfs");
}

// Of what the bus lets through, only systemd's word counts: on a bus anybody may send signals.
class Signals {
 public:
  Signals(DBus& bus, const std::string& sender) : bus_(bus), sender_(sender) {}
  // The next signal of the manager that is a `member`.
  Result<DBusMessage> next(std::string_view member, Deadline deadline) {
    for (;;) {
      TRY_SET(DBusMessage message, bus_.receive(deadline));
      if (message.type == DBusMessage::Type::kSignal && message.interface == kManager && message.member == member &&
          (!bus_.is_bus() || message.sender == sender_)) {
        return message;
      }
    }
  }

 private:
  DBus& bus_;
  const std::string& sender_;
};

void subscribe(DBus& bus) {
  if (!bus.is_bus()) return;  // systemd's own socket gives all of them
  DBusWriter rule;
  rule.string("type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1'");
  (void)bus.send(
      {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", rule.bytes()});
  (void)bus.send(manager_call("Subscribe", "", {}));
}

// Whether a scope of this name has a container's processes; one that is just ending has none of them.
bool scope_in_use(DBus& bus, const std::string& scope, Deadline deadline) {
  DBusWriter name;
  name.string(scope);
  auto unit = bus.call(manager_call("GetUnit", "s", name), deadline);
  if (!unit.ok() || unit->signature != "o") return false;
  DBusWriter property;
  property.string("org.freedesktop.systemd1.Scope");
  property.string("ControlGroup");
  auto value = bus.call(
      {kService, DBusReader(unit->body).string(), "org.freedesktop.DBus.Properties", "Get", "ss", property.bytes()},
      deadline);
  if (!value.ok() || value->signature != "v") return false;
  DBusReader in(value->body);
  if (in.signature() != "s") return false;
  const auto path = clean_group_path(in.string());
  auto hierarchy = open_hierarchy();
  if (!path.ok() || *path == "/" || !hierarchy.ok()) return false;
  auto group = open_group(hierarchy->get(), *path + "/" + kScopeSubGroup);
  if (!group.ok()) return false;
  const auto events = read_group_file(group->get(), "cgroup.events");
  return events.ok() && flat_value(*events, "populated") == "1";
}

DBusWriter start_arguments(const CgroupPlan& plan, pid_t pid) {
  DBusWriter out;
  out.string(plan.scope);
  out.string("fail");
  Properties properties(out);
  if (!plan.description.empty()) properties.text("Description", plan.description);
  if (!plan.slice.empty()) properties.text("Slice", plan.slice);
  properties.pids(pid);
  properties.boolean("Delegate", true);
  properties.text("CollectMode", "inactive-or-failed");
  properties.boolean("DefaultDependencies", false);
  for (const char* accounting : {"CPUAccounting", "MemoryAccounting", "TasksAccounting"})
    properties.boolean(accounting, true);
  // Else systemd's default for all units, which is not what "no limit" says.
  if (!plan.resources.pids_limit) properties.number("TasksMax", kInfinity);
  add_limits(plan.resources, properties);
  properties.end();
  out.end_array(out.begin_array(8));  // auxiliary units: none
  return out;
}

Error within_scope(Error error, const char* what, const CgroupPlan& plan) {
  if (error.err == ETIMEDOUT) error.hint = "systemd does not answer; is it overloaded, or waiting for another job?";
  return std::move(error).within(std::string(what) + " the scope " + plan.scope);
}

Result<void> start(DBus& bus, const CgroupPlan& plan, pid_t pid) {
  const Deadline deadline = std::chrono::steady_clock::now() + kTimeout;
  const Deadline gone = std::chrono::steady_clock::now() + kGoneTimeout;
  subscribe(bus);
  for (;;) {
    std::string error_name;
    auto reply = bus.call(manager_call("StartTransientUnit", "ssa(sv)a(sa(sv))", start_arguments(plan, pid)), deadline,
                          &error_name);
    if (reply.ok()) {
      const std::string job = DBusReader(reply->body).string();
      Signals signals(bus, reply->sender);
      for (;;) {
        TRY_SET(const DBusMessage removed, signals.next("JobRemoved", deadline));
        DBusReader in(removed.body);
        (void)in.u32();  // the job's number
        if (in.string() != job) continue;
        (void)in.string();  // the unit
        const std::string result = in.string();
        if (in.good() && result == "done") return {};
        return fail(Code::kFailed, "systemd says \"" + result + "\"")
            .with_hint("the journal says more: `journalctl " + std::string(plan.bus_uid == 0 ? "" : "--user ") +
                       "-e -u " + plan.scope + "`");
      }
    }
    if (error_name != "org.freedesktop.systemd1.UnitExists") return std::move(reply).error();
    if (scope_in_use(bus, plan.scope, deadline)) {
      return fail(Code::kInUse, "there are processes in it already");
    }
    // It is being removed, or has failed and is kept for somebody to look at.
    DBusWriter name;
    name.string(plan.scope);
    (void)bus.send(manager_call("ResetFailedUnit", "s", name));
    // Any unit that is removed is a reason to look again; what was sent before we listened must not be waited for.
    const Deadline soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    std::string nobody;
    (void)Signals(bus, nobody).next("UnitRemoved", soon).ok();
    if (std::chrono::steady_clock::now() > gone) return std::move(reply).error();
  }
}

}  // namespace

Result<void> start_scope(const CgroupPlan& plan, pid_t pid) {
  TRY_SET(DBus bus, connect(plan));
  auto started = start(bus, plan, pid);
  if (!started.ok()) return within_scope(std::move(started).error(), "start", plan);
  return {};
}

Result<void> update_scope(const CgroupPlan& plan, const Resources& resources) {
  DBusWriter properties;
  properties.string(plan.scope);
  properties.boolean(true);  // until it ends
  Properties list(properties);
  add_limits(resources, list);
  list.end();
  TRY_SET(DBus bus, connect(plan));
  auto done =
      bus.call(manager_call("SetUnitProperties", "sba(sv)", properties), std::chrono::steady_clock::now() + kTimeout);
  if (!done.ok()) return within_scope(std::move(done).error(), "change", plan);
  return {};
}

Result<void> join_scope(const CgroupPlan& plan, const std::string& path) {
  static constexpr const char* kBeside = "/exec";
  TRY_SET(const Fd hierarchy, open_hierarchy());
  TRY_SET(const std::string scope, clean_group_path(parent_group(path)));
  TRY(make_group(hierarchy.get(), scope + kBeside));
  DBusWriter arguments;
  arguments.string(plan.scope);
  arguments.string(kBeside);
  const auto list = arguments.begin_array(4);
  arguments.u32(static_cast<std::uint32_t>(getpid()));
  arguments.end_array(list);
  TRY_SET(DBus bus, connect(plan));
  auto done =
      bus.call(manager_call("AttachProcessesToUnit", "ssau", arguments), std::chrono::steady_clock::now() + kTimeout);
  if (!done.ok()) return within_scope(std::move(done).error(), "join", plan);
  return {};
}

}  // namespace creel::engine::runtime
