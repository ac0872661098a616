// A container of one directory and a static busybox, and the monitor beside it: as root without a user namespace, as an
// ordinary user with subordinate IDs in one. Elsewhere the tests that need it say that they were skipped.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/monitor/client.h"
#include "engine/monitor/log.h"
#include "engine/monitor/shared/liveness.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/monitor/shared/record.h"
#include "tests/unit/monitor/temporary_dir.h"

namespace creel::engine::monitor {

// Its path, if it needs no loader: there is none in the container.
inline std::string busybox() {
  for (const char* path : {"/bin/busybox", "/usr/bin/busybox"}) {
    auto fd = open_file(path, O_RDONLY);
    char head[4096];
    const ssize_t got = fd.ok() ? read(fd->get(), head, sizeof(head)) : -1;
    if (got > 0 && std::string_view(head, static_cast<std::size_t>(got)).find("/ld-") == std::string_view::npos)
      return path;
  }
  return {};
}

inline rootless::Identity identity() {
  return geteuid() == 0 ? rootless::Identity::kRoot : rootless::Identity::kUser;
}

inline bool can_run() {
  static const bool possible = [] {
    if (busybox().empty() || !libexec_program("creel-monitor").ok()) return false;
    if (geteuid() != 0) return rootless::subordinate_maps().ok();
    const pid_t child = fork();
    if (child == 0) _exit(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS) == 0 ? 0 : 1);
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
  }();
  if (!possible) MESSAGE("skipped: needs root or subordinate IDs, a static busybox and creel-monitor");
  return possible;
}
#define NEED_CONTAINERS \
  if (!can_run()) return
// For what only root may look at: another user namespace's /proc/PID/fd, root, smaps.
#define NEED_ROOT \
  if (geteuid() != 0) return

struct Box : TemporaryDir {
  Job job;
  std::optional<Launch> launch;
  pid_t pid = -1;

  explicit Box(const std::string& script) {
    const std::string root = path + "/root";
    for (const char* dir : {"/bin", "/proc", "/dev", "/tmp"}) REQUIRE(make_dirs(root + dir, 0755).ok());
    auto bytes = read_file(busybox());
    REQUIRE(bytes.ok());
    REQUIRE(write_atomic(root + "/bin/busybox", *bytes, 0755).ok());
    for (const char* name :
         {"sh", "cat", "echo", "sleep", "head", "dd", "seq", "stty", "mkfifo", "yes", "rm", "kill", "nc"}) {
      REQUIRE(symlink("busybox", (root + "/bin/" + name).c_str()) == 0);
    }
    job.id = std::string(64, 'a');
    job.container_dir = path + "/container";
    job.running_dir = path + "/" + std::string(100, 'r') + "/running";  // longer than a socket's name may be
    job.runtime_dir = path;
    job.log_path = job.container_dir + "/log";
    REQUIRE(make_dirs(job.container_dir).ok());
    REQUIRE(make_dirs(job.running_dir).ok());
    runtime::Plan& plan = job.plan;
    plan.rootfs = root;
    plan.hostname = "box";
    for (int flag : {CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET}) plan.namespaces.push_back({flag, {}});
    auto mount = [&](const char* type, const char* to, const char* data) {
      runtime::MountStep step;
      step.kind = runtime::MountStep::Kind::kFilesystem;
      step.type = type;
      step.source = type;
      step.destination = to;
      step.data = data;
      plan.mounts.push_back(step);
    };
    mount("proc", "/proc", "");
    mount("tmpfs", "/dev", "mode=755");
    mount("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620");
    for (const char* device : {"/dev/null", "/dev/zero", "/dev/urandom"}) {
      runtime::MountStep bind;
      bind.kind = runtime::MountStep::Kind::kBind;
      bind.source = bind.destination = device;
      plan.mounts.push_back(bind);
    }
    plan.process.args = {"/bin/sh", "-c", script};
    plan.process.env = {"PATH=/bin"};
    // All that this root has: in a container of another engine that is not all there is.
    const std::string status = read_file("/proc/self/status").value();
    std::uint64_t mine = std::stoull(status.substr(status.find("CapPrm:") + 7), nullptr, 16);
    if (geteuid() != 0) mine = ~std::uint64_t{0} >> (63 - CAP_LAST_CAP);
    for (auto* set : {&plan.process.cap_bounding, &plan.process.cap_effective, &plan.process.cap_permitted})
      *set = mine;
  }
  ~Box() {
    launch.reset();
    if (auto process = monitor_process(job.running_dir)) (void)pidfd_signal(process->get(), SIGKILL).ok();
    (void)wait_gone(job.running_dir, 10000).ok();
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }

  Result<void> try_start(bool attached) {
    TRY_SET(Launch begun, Launch::begin(identity(), job.runtime_dir));
    launch.emplace(std::move(begun));
    TRY(launch->give(job, attached ? Launch::Begin::kAttached : Launch::Begin::kNow));
    TRY_SET(pid, launch->started());
    return {};
  }
  void start(bool attached) {
    auto started = try_start(attached);
    if (!started.ok()) FAIL(started.error().text);
    if (!attached) launch.reset();
  }
  Attachment start_attached() {
    start(true);
    return std::move(*launch).attachment();
  }
  [[nodiscard]] Observed observed() const { return observe(job.container_dir, job.running_dir); }
  [[nodiscard]] bool gone(int timeout_ms = 10000) const {
    auto result = wait_gone(job.running_dir, timeout_ms);
    return result.ok() && *result;
  }
  [[nodiscard]] std::string logged() const {
    std::string text;
    LogQuery query;
    query.driver = job.log_driver;
    query.path = job.log_path;
    REQUIRE(read_log(query, [&](const LogLine& line) {
              text += line.text;
              if (!line.partial) text += '\n';
              return true;
            }).ok());
    return text;
  }
  void wait_logged(const std::string& wanted) const {
    LogQuery query;
    query.driver = job.log_driver;
    query.path = job.log_path;
    query.running_dir = job.running_dir;
    query.follow = true;
    bool found = false;
    REQUIRE(read_log(query, [&](const LogLine& line) {
              return !(found = line.text.find(wanted) != std::string_view::npos);
            }).ok());
    REQUIRE(found);
  }
  void signal(int number) const { REQUIRE(::kill(pid, number) == 0); }
};

struct Received {
  std::string out, err;
  int code = -1;
  bool lost = false;
};
inline Received receive_all(Attachment& attachment) {
  Received all;
  for (;;) {
    auto event = attachment.receive();
    REQUIRE(event.ok());
    switch (event->kind) {
      case Event::Kind::kStdout:
        all.out += event->data;
        break;
      case Event::Kind::kStderr:
        all.err += event->data;
        break;
      case Event::Kind::kExit:
        all.code = event->exit_code;
        return all;
      case Event::Kind::kStarted:
        break;
      case Event::Kind::kClosed:
        all.lost = true;
        return all;
    }
  }
}

inline Attachment attach_to(const Box& box, bool in, bool out) {
  auto attachment = attach(box.job.running_dir, in, out);
  REQUIRE(attachment.ok());
  return std::move(*attachment);
}

// utime + stime in clock ticks.
inline long cpu_ticks(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat").value();
  const auto words = split(std::string_view(stat).substr(stat.rfind(')') + 2), ' ');
  return std::stol(words.at(11)) + std::stol(words.at(12));
}

inline pid_t monitor_pid(const Box& box) {
  return box.observed().state->monitor_pid;
}

}  // namespace creel::engine::monitor
