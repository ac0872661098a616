// The single probes of examine_host(), in the order in which they depend on each other. Each adds its findings.
#pragma once

#include <optional>
#include <string>

#include "base/lock.h"
#include "engine/doctor/doctor.h"
#include "rootless/directories.h"

namespace creel::engine {

// What the probes know of each other.
struct Examination {
  const Options& options;
  rootless::Identity identity;
  std::optional<rootless::Directories> directories;  // absent: they cannot be had
  std::string scratch;                               // a directory on the store's file system; empty: none can be made
  std::optional<FileLock> scratch_lock;              // keeps collections of garbage away from it
  bool mapped = false;                               // a user namespace with all IDs can be had, or is not needed
  bool overlay = false;
  bool contained = false;  // a container has run
  HostReport report;

  void add(Finding finding) { report.findings.push_back(std::move(finding)); }
  void ok(const std::string& name, std::string found) { add({name, Health::kOk, std::move(found), {}, {}}); }
  [[nodiscard]] bool root() const { return identity == rootless::Identity::kRoot; }
};

void examine_directories(Examination& host);  // and makes the scratch directory
void examine_user_namespaces(Examination& host);
void examine_overlay(Examination& host);
void examine_fuse(Examination& host);
void examine_network(Examination& host);
void examine_control_groups(Examination& host);
void examine_running(Examination& host);  // containers, really
void examine_restrictions(Examination& host);
void remove_scratch(Examination& host);

}  // namespace creel::engine
