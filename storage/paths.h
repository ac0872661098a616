// Every name in the store, in one place. storage/FORMAT.md explains who writes what, when it is durable, and who may
// delete it.
//
//   <store>/                       0700
//     creel-store                  marker: "creel store, format 1"; deletion only ever happens beneath a directory with
//     one db.sqlite, -wal, -shm        records writer.lock                  flock held during a write transaction
//     blobs/sha256/<hex>           blobs as they were pulled (layers stay compressed), 0644
//     layers/<hex>/                unpacked layer, named by DiffID; overlay lower directory
//     staging/
//       <random>/                  being written, or being deleted
//       <random>.lock              flock held by who does that; free: dead
//       <hex>.transfer             flock held by who brings blob or layer <hex> and will name it in an image
//       boot                       ID of the boot since which every published blob and layer is known to be whole
//     containers/<id>/
//       upper/ work/               overlay upper and work directories
//       log, log.1, …              k8s-file or json-file
//       started                    boot ID and time of the last start
//       exit                       written by the monitor before anybody can see "exited"; absent: never ran, or runs
//     volumes/<name>/_data         named and anonymous volumes
//     secrets/                     0700
//       secrets.json               what they are called, replaced atomically under the lock
//       lock                       flock of who changes anything here
//       <id>                       data of a secret of the file driver, 0600
//   <runtime>/                     volatile (tmpfs), 0700
//     userns                       a process alive in the user namespace
//     userns.lock                  held while one is being made
//     events/log, log.1            what happened, a JSON object per line; the second is the older
//     pushed                       which blobs were sent to which repository: a push to another one mounts them
//     oci/                         states that other OCI runtimes keep (--root)
//     containers/<id>/
//       lock                       held by the monitor as long as it lives
//       state                      written by the monitor when the container runs
//       attach                     socket of the monitor
//       hosts resolv.conf hostname … bind-mounted into the container
//       bundle/                    config.json, and where rootfs is mounted, for another OCI runtime
//       command.<random>/          files of one command of such a runtime
#pragma once

#include <string>
#include <string_view>

namespace creel::storage {

inline constexpr const char* kMarkerName = "creel-store";
inline constexpr const char* kMarkerText = "creel store, format 1\n";
inline constexpr int kFormatVersion = 1;
// Beneath staging/.
inline constexpr std::string_view kLockSuffix = ".lock";
inline constexpr std::string_view kTransferSuffix = ".transfer";
inline constexpr const char* kBootName = "boot";

struct Paths {
  std::string store;
  std::string runtime;

  [[nodiscard]] std::string marker() const { return store + "/" + kMarkerName; }
  [[nodiscard]] std::string database() const { return store + "/db.sqlite"; }
  [[nodiscard]] std::string writer_lock() const { return store + "/writer.lock"; }
  [[nodiscard]] std::string blobs() const { return store + "/blobs/sha256"; }
  [[nodiscard]] std::string blob(const std::string& hex) const { return blobs() + "/" + hex; }
  [[nodiscard]] std::string layers() const { return store + "/layers"; }
  [[nodiscard]] std::string layer(const std::string& hex) const { return layers() + "/" + hex; }
  [[nodiscard]] std::string staging() const { return store + "/staging"; }
  [[nodiscard]] std::string boot() const { return staging() + "/" + kBootName; }
  [[nodiscard]] std::string containers() const { return store + "/containers"; }
  [[nodiscard]] std::string container(const std::string& id) const { return containers() + "/" + id; }
  [[nodiscard]] std::string volumes() const { return store + "/volumes"; }
  [[nodiscard]] std::string volume(const std::string& name) const { return volumes() + "/" + name; }
  [[nodiscard]] std::string volume_data(const std::string& name) const { return volume(name) + "/_data"; }
  [[nodiscard]] std::string secrets() const { return store + "/secrets"; }
  [[nodiscard]] std::string running() const { return runtime + "/containers"; }
  [[nodiscard]] std::string events() const { return runtime + "/events"; }
  [[nodiscard]] std::string pushed() const { return runtime + "/pushed"; }
  [[nodiscard]] std::string event_log() const { return events() + "/log"; }
  [[nodiscard]] std::string oci() const { return runtime + "/oci"; }
  [[nodiscard]] std::string running(const std::string& id) const { return running() + "/" + id; }
};

}  // namespace creel::storage
