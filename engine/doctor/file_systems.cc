// What a container's root file system is made with: the kernel's overlay, or FUSE.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "engine/doctor/package.h"
#include "engine/doctor/probes.h"
#include "engine/runtime/child/fuse_overlay.h"
#include "engine/runtime/child/overlay.h"
#include "rootless/userns.h"

namespace creel::engine {

namespace {

constexpr const char* kOverlay = "overlay";
constexpr const char* kFuse = "fuse-overlayfs";

// In a process of its own in the user namespace, or as root in this one.
Result<void> in_private_mounts() {
  if (unshare(CLONE_NEWNS) != 0) return errno_error("making a mount namespace");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return errno_error("making mounts private");
  return {};
}

// As a container has it: mounted over two layers, and written to.
Result<void> try_overlay(void* argument) {
  const auto& host = *static_cast<const Examination*>(argument);
  TRY(in_private_mounts());
  const std::string base = host.scratch + "/overlay";
  runtime::OverlayParts parts{{base + "/two", base + "/one"}, base + "/upper", base + "/work", !host.root()};
  for (const char* name : {"one", "two", "upper", "work", "at"}) TRY(make_dirs(base + "/" + name));
  auto mounted = runtime::make_overlay(parts);
  if (!mounted.ok() && mounted.error().err == EINVAL) {
    // EINVAL is also what a kernel says that knows the earlier way alone.
    if (auto earlier = runtime::mount_overlay_at(parts, base + "/at"); earlier.ok()) mounted = std::move(earlier);
  }
  if (!mounted.ok()) return std::move(mounted).error();
  TRY(open_at(mounted->get(), "file", O_WRONLY | O_CREAT | O_EXCL, 0600));
  return {};
}

Result<void> try_fuse(void*) {
  TRY(in_private_mounts());
  TRY(runtime::mount_fuse());
  return {};
}

Result<void> inside(Examination& host, Result<void> (*work)(void*)) {
  return rootless::run_inside(host.identity, host.directories->runtime, work, &host);
}

}  // namespace

void examine_overlay(Examination& host) {
  if (!host.mapped || host.scratch.empty()) {
    host.add({kOverlay, Health::kUntried, {}, {}, {}});
    return;
  }
  auto mounted = inside(host, try_overlay);
  host.overlay = mounted.ok();
  if (mounted.ok()) {
    host.ok(kOverlay, "one was mounted beside the store, and written to");
    return;
  }
  // What takes its place is looked at next, and decides whether this is a limit or the end.
  host.add({kOverlay, Health::kLimited, mounted.error().text, "fuse-overlayfs takes its place, which is slower",
            "Linux 5.11 or later, and a store on a local disk: creel --root DIRECTORY"});
}

void examine_fuse(Examination& host) {
  if (!host.mapped || !host.directories) {
    host.add({kFuse, Health::kUntried, {}, {}, {}});
    return;
  }
  const Health bad = host.overlay ? Health::kLimited : Health::kFails;
  const std::string lost = host.overlay ? "containers with --userns keep-id, nomap or auto do not run"
                                        : "no container runs: the kernel's overlay does not work here either";
  auto mounted = inside(host, try_fuse);
  if (!mounted.ok()) {
    const bool absent = mounted.error().err == ENOENT || mounted.error().err == ENODEV || mounted.error().err == ENXIO;
    host.add({kFuse, bad, mounted.error().text, lost, absent ? "sudo modprobe fuse" : "sudo chmod 666 /dev/fuse"});
    return;
  }
  auto ran = run_program({"fuse-overlayfs", "--version"});
  if (!ran.ok() || ran->exit_code != 0) {
    host.add({kFuse, bad, ran.ok() ? "fuse-overlayfs does not start" : "it is not installed; /dev/fuse can be used",
              lost, install_command("fuse-overlayfs")});
    return;
  }
  host.ok(kFuse, "it starts, and /dev/fuse can be mounted");
}

}  // namespace creel::engine
