#include "engine/container/waiters.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/process.h"

namespace creel::engine {

namespace {

ino_t pid_namespace(pid_t pid) {
  struct stat info {};
  return stat(("/proc/" + std::to_string(pid) + "/ns/pid").c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

void continue_waiters(pid_t first) {
  const ino_t ending = pid_namespace(first);
  if (ending == 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(opendir("/proc"), closedir);
  if (!processes) return;
  while (const dirent* entry = readdir(processes.get())) {
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid <= 0 || pid == first) continue;
    const ProcessState ended = process_state(pid);
    if (ended.state != 'Z' || pid_namespace(pid) != ending) continue;
    if (pid_namespace(ended.parent) == ending) continue;
    auto waiter = pidfd_open(ended.parent);
    if (waiter.ok() && process_state(ended.parent).state == 'T') (void)pidfd_signal(waiter->get(), SIGCONT).ok();
  }
}

}  // namespace creel::engine
