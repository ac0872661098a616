// Who an ordinary user can be: the namespace, the IDs in it, and what may forbid it.
#include "base/file.h"
#include "base/text.h"
#include "engine/doctor/package.h"
#include "engine/doctor/probes.h"
#include "rootless/userns.h"

namespace creel::engine {

namespace {

constexpr const char* kNamespaces = "user namespaces";
constexpr const char* kIds = "subordinate IDs";
constexpr const char* kMappers = "newuidmap, newgidmap";
constexpr const char* kRestrictions = "kernel restrictions";
constexpr const char* kLost = "an ordinary user runs no container";

// Sysctls by their files: what is absent does not restrict.
std::string sysctl(const char* path) {
  auto text = read_file(std::string("/proc/sys/") + path, 64);
  return text.ok() ? std::string(trim(*text)) : std::string();
}

// For good, and at once.
std::string set_sysctl(const std::string& setting) {
  return "echo '" + setting + "' | sudo tee /etc/sysctl.d/60-creel.conf && sudo sysctl --system";
}

struct Restriction {
  const char* path;
  const char* name;
  const char* restricts;  // the value that does
  const char* cure;
};
constexpr Restriction kKnown[] = {
    {"kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"},
    {"user/max_user_namespaces", "user.max_user_namespaces", "0", "user.max_user_namespaces=15000"},
    {"kernel/apparmor_restrict_unprivileged_userns", "kernel.apparmor_restrict_unprivileged_userns", "1",
     "kernel.apparmor_restrict_unprivileged_userns=0"},
};

std::string ids_of(const std::vector<rootless::IdRange>& ranges) {
  std::uint64_t count = 0;
  for (const rootless::IdRange& range : ranges) count += range.count;
  return std::to_string(count - 1);
}

std::string restriction_cure() {
  for (const Restriction& one : kKnown) {
    if (sysctl(one.path) == one.restricts) return set_sysctl(one.cure);
  }
  return {};
}

}  // namespace

void examine_user_namespaces(Examination& host) {
  if (host.identity != rootless::Identity::kUser) {
    host.mapped = true;
    host.ok(kNamespaces, host.root() ? "root needs none" : "this is one");
    return;
  }
  auto founder = rootless::Founder::make();
  if (founder.ok()) {
    host.ok(kNamespaces, "one was made");
  } else {
    const std::string cure = restriction_cure();
    host.add({kNamespaces, Health::kFails, founder.error().text, kLost, cure.empty() ? founder.error().hint : cure});
  }
  auto maps = rootless::subordinate_maps();
  if (maps.ok()) {
    host.ok(kIds, ids_of(maps->uids) + " user IDs and " + ids_of(maps->gids) + " group IDs");
  } else {
    // The hint ends with the command.
    const std::string& hint = maps.error().hint;
    const std::size_t command = hint.find("usermod ");
    host.add({kIds, Health::kFails, maps.error().text, kLost,
              command == std::string::npos ? hint : "sudo " + hint.substr(command)});
  }
  if (!founder.ok() || !maps.ok()) {
    host.add({kMappers, Health::kUntried, {}, {}, {}});
    return;
  }
  auto written = rootless::write_maps(founder->pid(), *maps);
  host.mapped = written.ok();
  if (host.mapped) {
    host.ok(kMappers, "they have mapped these IDs");
    return;
  }
  const bool absent = written.error().text.find("not installed") != std::string::npos;
  host.add({kMappers, Health::kFails, written.error().text, kLost,
            absent ? install_command("uidmap") : "sudo chmod u+s /usr/bin/newuidmap /usr/bin/newgidmap"});
}

void examine_restrictions(Examination& host) {
  if (host.root()) return;
  std::string found;
  for (const Restriction& one : kKnown) {
    if (sysctl(one.path) == one.restricts)
      found += (found.empty() ? "" : ", ") + std::string(one.name) + "=" + one.restricts;
  }
  if (found.empty()) {
    host.ok(kRestrictions, "none");
  } else if (host.contained) {
    host.ok(kRestrictions, found + ", but not for creel");
  } else {
    host.add({kRestrictions, Health::kFails, found, kLost, restriction_cure()});
  }
}

}  // namespace creel::engine
