// A container of one directory and a static busybox, run by this process itself: Spec -> Plan -> first process.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "engine/runtime/capability_names.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/compile.h"

namespace creel::engine::runtime {

// Its path, if it needs no loader: there is none in the container.
inline std::string busybox() {
  for (const char* path : {"/bin/busybox", "/usr/bin/busybox"}) {
    auto fd = open_file(path, O_RDONLY);
    char head[4096];
    const ssize_t got = fd.ok() ? read(fd->get(), head, sizeof(head)) : -1;
    if (got > 0 && std::string_view(head, static_cast<std::size_t>(got)).find("/ld-") == std::string_view::npos) return path;
  }
  return {};
}

// This process is root and may make namespaces; its mounts are its own from here on.
inline bool can_run() {
  static const bool possible = geteuid() == 0 && !busybox().empty() && unshare(CLONE_NEWNS) == 0 &&
                               mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  if (!possible) MESSAGE("skipped: needs root and a static busybox");
  return possible;
}
#define NEED_ROOT \
  if (!can_run()) return

struct Ended {
  int code = -1;
  std::string out;   // and what it wrote to stderr
  Error error;       // where it did not start
};

struct Box {
  std::string path;
  Spec spec;
  InitOptions options;
  std::function<void(pid_t)> before_go;  // it is ready

  explicit Box(const std::string& script) {
    char name[] = "/tmp/creel-unit-box-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
    REQUIRE(chmod(name, 0755) == 0);
    const std::string root = path + "/root";
    for (const char* dir : {"/bin", "/proc", "/dev", "/tmp", "/sys"}) REQUIRE(make_dirs(root + dir, 0755).ok());
    auto bytes = read_file(busybox());
    REQUIRE(bytes.ok());
    REQUIRE(write_atomic(root + "/bin/busybox", *bytes, 0755).ok());
    for (const char* one : {"sh", "cat", "echo", "ls", "id", "stat", "uname", "hostname", "mkdir", "touch", "sleep", "grep", "mount", "env", "ps", "wc", "umask", "readlink", "test", "chmod"}) {
      REQUIRE(symlink("busybox", (root + "/bin/" + one).c_str()) == 0);
    }
    spec.root_path = root;
    for (const NamespaceType type : {NamespaceType::kMount, NamespaceType::kPid, NamespaceType::kUts, NamespaceType::kIpc}) {
      spec.namespaces.push_back({type, {}});
    }
    spec.mounts = {{"/proc", "proc", "proc", {"nosuid"}}, {"/dev", "tmpfs", "tmpfs", {"nosuid", "mode=755"}}};
    spec.process.args = {"/bin/sh", "-c", script};
    spec.process.env = {"PATH=/bin"};
    spec.seccomp.kind = SeccompKind::kUnconfined;
    // All that this root has: in a container of another engine that is not all there is.
    const std::string status = read_file("/proc/self/status").value();
    const std::uint64_t mine = std::stoull(status.substr(status.find("CapPrm:") + 7), nullptr, 16);
    for (const std::string& one : all_capabilities()) {
      if ((capability_mask({one}).value() & ~mine) != 0) continue;
      for (auto* set : {&spec.process.capabilities.bounding, &spec.process.capabilities.effective, &spec.process.capabilities.permitted}) {
        set->push_back(one);
      }
    }
    options.die_with_parent = false;
  }
  ~Box() {
    if (auto parent = open_file("/tmp", O_RDONLY | O_DIRECTORY); parent.ok()) (void)remove_tree_at(parent->get(), path.substr(5)).ok();
  }
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  [[nodiscard]] std::string root(const std::string& file) const { return path + "/root" + file; }
  Namespace& name_space(NamespaceType type) {
    for (Namespace& one : spec.namespaces) {
      if (one.type == type) return one;
    }
    return spec.namespaces.emplace_back(Namespace{type, {}});
  }
  Plan plan() {
    auto compiled = compile(spec, false);
    REQUIRE_MESSAGE(compiled.ok(), (compiled.ok() ? "" : compiled.error().text));
    return *compiled;
  }

  Ended run() { return run(plan()); }
  Ended run(const Plan& plan) {
    Ended ended;
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    Fd from(ends[0]), to(ends[1]);
    auto null = open_file("/dev/null", O_RDONLY);
    REQUIRE(null.ok());
    auto process = clone_init(plan, {null->get(), to.get(), to.get()}, options);
    to.reset();
    if (!process.ok()) {
      ended.error = process.error();
      return ended;
    }
    process->placed();
    auto started = process->wait_ready(plan);
    if (started.ok() && before_go) before_go(process->pid());
    if (started.ok()) started = process->go();
    auto text = read_all(from.get());
    int status = 0;
    REQUIRE(waitpid(process->pid(), &status, 0) == process->pid());
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (text.ok()) ended.out = *text;
    if (!started.ok()) ended.error = started.error();
    return ended;
  }
};

// Its output is what is wanted; all else is told.
inline void check_output(Ended ended, const std::string& wanted) {
  CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
  CHECK(ended.out == wanted);
}

}  // namespace creel::engine::runtime
