// The monitor itself, from its start to its end, with a container of one directory and a static busybox: as root
// without a user namespace, as an ordinary user with subordinate IDs in one. Elsewhere these tests say that they were
// skipped.
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

#include <chrono>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/monitor/client.h"
#include "engine/monitor/log.h"
#include "engine/monitor/shared/liveness.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/monitor/shared/record.h"
#include "tests/unit/monitor/temporary_dir.h"

using namespace creel;
using namespace creel::engine;
using namespace creel::engine::monitor;

namespace {

std::string busybox() {
  for (const char* path : {"/bin/busybox", "/usr/bin/busybox"}) {
    if (access(path, X_OK) == 0 && !path_exists("/usr/share/doc/busybox/is-dynamic")) return path;
  }
  return {};
}

rootless::Identity identity() {
  return geteuid() == 0 ? rootless::Identity::kRoot : rootless::Identity::kUser;
}

bool can_run() {
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
         {"sh", "cat", "echo", "sleep", "head", "dd", "seq", "stty", "mkfifo", "yes", "rm", "kill"}) {
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
    TRY(launch->prepare(job, attached));
    TRY_SET(pid, launch->start());
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
Received receive_all(Attachment& attachment) {
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
      case Event::Kind::kClosed:
        all.lost = true;
        return all;
    }
  }
}

Attachment attach_to(const Box& box, bool in, bool out) {
  auto attachment = attach(box.job.running_dir, in, out);
  REQUIRE(attachment.ok());
  return std::move(*attachment);
}

// utime + stime in clock ticks.
long cpu_ticks(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat").value();
  const auto words = split(std::string_view(stat).substr(stat.rfind(')') + 2), ' ');
  return std::stol(words.at(11)) + std::stol(words.at(12));
}

pid_t monitor_pid(const Box& box) {
  return box.observed().state->monitor_pid;
}

}  // namespace

TEST_CASE("monitor: output, exit code, records") {
  NEED_CONTAINERS;
  Box box("echo out; echo err >&2; printf end; exit 7");
  Attachment attachment = box.start_attached();
  const Received all = receive_all(attachment);
  // Durable before anybody can know.
  CHECK(read_file(box.job.container_dir + "/exit").ok());
  CHECK(box.observed().status == Status::kExited);
  CHECK(all.out == "out\nend");
  CHECK(all.err == "err\n");
  CHECK(all.code == 7);
  CHECK(box.gone());
  CHECK(box.observed().exit->code == 7);
  CHECK(box.observed().exit->finished_ns >= box.observed().exit->started_ns);
  CHECK(!path_exists(box.job.running_dir + "/state"));
  CHECK(!path_exists(box.job.running_dir + "/attach"));
  const std::string log = box.logged();
  CHECK(log.size() == std::string("out\nerr\nend").size());
  CHECK(!attach(box.job.running_dir, true, true).ok());
}

TEST_CASE("monitor: a command that is not there is an error of its own kind, and the last run's end stays known") {
  NEED_CONTAINERS;
  Box box("exit 5");
  box.start(false);
  REQUIRE(box.gone());
  box.job.plan.process.args = {"/no/such/command"};
  auto started = box.try_start(true);
  REQUIRE(!started.ok());
  CHECK(started.error().code == Code::kCommandAbsent);
  box.launch.reset();
  REQUIRE(box.gone());
  REQUIRE(box.observed().status == Status::kExited);
  CHECK(box.observed().exit->code == 5);
  CHECK(!path_exists(box.job.running_dir + "/attach"));
}

TEST_CASE("monitor: one that never ran is created, not exited") {
  NEED_CONTAINERS;
  Box box("");
  box.job.plan.process.args = {"/tmp"};
  auto started = box.try_start(false);
  REQUIRE(!started.ok());
  CHECK(started.error().code == Code::kCannotInvoke);
  CHECK(box.observed().status == Status::kCreated);
}

TEST_CASE("monitor: its starter dies before the start") {
  NEED_CONTAINERS;
  Box box("exit 0");
  auto begun = Launch::begin(identity(), box.job.runtime_dir);
  REQUIRE(begun.ok());
  {
    Launch dying = std::move(*begun);
    REQUIRE(dying.prepare(box.job, true).ok());
    CHECK(monitor_lives(box.job.running_dir));
  }
  CHECK(box.gone());
  CHECK(box.observed().status == Status::kCreated);
}

TEST_CASE("monitor: a second one is refused while the first lives") {
  NEED_CONTAINERS;
  Box box("exec sleep 1000");
  box.start(false);
  const pid_t first = box.pid;
  auto second = box.try_start(false);
  REQUIRE(!second.ok());
  CHECK(second.error().code == Code::kInUse);
  CHECK(box.observed().status == Status::kRunning);
  CHECK(box.observed().state->pid == first);
  CHECK(attach(box.job.running_dir, false, true).ok());
}

TEST_CASE("monitor: input and output larger than every buffer, at the same time") {
  NEED_CONTAINERS;
  Box box("cat");
  box.job.open_stdin = true;
  Attachment attachment = box.start_attached();
  std::string input;
  for (int i = 0; input.size() < 3'000'000; ++i)
    input += "line " + std::to_string(i * 7919) + std::string(1, static_cast<char>(i)) + "\n";
  const pid_t feeder = fork();
  if (feeder == 0) {
    const bool fed = attachment.send_stdin(input).ok() && attachment.close_stdin().ok();
    _exit(fed ? 0 : 1);
  }
  const Received all = receive_all(attachment);
  int status = 1;
  waitpid(feeder, &status, 0);
  CHECK(status == 0);
  CHECK(all.code == 0);
  CHECK((all.out == input));
  REQUIRE(box.gone());
  CHECK((box.logged() == input));
}

TEST_CASE("monitor: the last bytes before the end arrive, on a terminal too") {
  NEED_CONTAINERS;
  for (bool terminal : {false, true}) {
    for (int i = 0; i < 5; ++i) {
      Box box("seq 1 5000");
      box.job.plan.process.terminal = terminal;
      Attachment attachment = box.start_attached();
      std::string expected;
      for (int n = 1; n <= 5000; ++n) expected += std::to_string(n) + (terminal ? "\r\n" : "\n");
      const Received all = receive_all(attachment);
      CHECK((all.out == expected));
      REQUIRE(box.gone());
      CHECK((box.logged() == expected));
    }
  }
}

TEST_CASE("monitor: a client that does not read holds the container up, loses nothing, and does not hold up its end") {
  NEED_CONTAINERS;
  Box box("seq 1 200000");
  Attachment slow = box.start_attached();
  // Full pipes, full socket: nothing moves.
  pollfd writable{slow.fd(), POLLIN, 0};
  REQUIRE(poll(&writable, 1, 10000) == 1);
  CHECK(!box.gone(300));
  box.signal(SIGKILL);
  CHECK(box.gone(5000));
  CHECK(box.observed().exit->code == 137);
  // What the log has, the client gets, also from a monitor that is over.
  const Received all = receive_all(slow);
  CHECK(all.code == 137);
  CHECK(all.out.size() > 100000);
  CHECK((all.out == box.logged()));
}

TEST_CASE("monitor: a client that vanished does not hold anything up") {
  NEED_CONTAINERS;
  Box box("read go; seq 1 200000");
  box.job.open_stdin = true;
  box.start(false);
  {
    Attachment vanishing = attach_to(box, false, true);
    Attachment other = attach_to(box, true, false);
    REQUIRE(other.send_stdin("go\n").ok());
    pollfd readable{vanishing.fd(), POLLIN, 0};
    REQUIRE(poll(&readable, 1, 10000) == 1);
  }
  CHECK(box.gone());
  CHECK(box.logged().ends_with("\n200000\n"));
}

TEST_CASE("monitor: attached clients that want no output still learn of the end") {
  NEED_CONTAINERS;
  Box box("read go; exit 9");
  box.job.open_stdin = true;
  box.start(false);
  Attachment waiting = attach_to(box, false, false);
  Attachment input = attach_to(box, true, false);
  REQUIRE(input.send_stdin("go\n").ok());
  CHECK(receive_all(waiting).code == 9);
  CHECK(receive_all(input).code == 9);
}

TEST_CASE("monitor: the end of the client that feeds it is the end of its input") {
  NEED_CONTAINERS;
  Box box("cat; echo ended");
  box.job.open_stdin = true;
  box.start(false);
  {
    Attachment input = attach_to(box, true, false);
    REQUIRE(input.send_stdin("text\n").ok());
  }
  CHECK(box.gone());
  CHECK(box.logged() == "text\nended\n");
}

TEST_CASE("monitor: --rm: a client takes the clean-up over, or is gone, or does not answer") {
  NEED_CONTAINERS;
  for (int kind = 0; kind < 4; ++kind) {
    CAPTURE(kind);
    Box box("read go; exit 3");
    box.job.open_stdin = true;
    box.job.keep_record = false;
    const std::string mark = box.path + "/cleaned";
    box.job.cleanup_argv = {"/bin/sh", "-c", "echo >>" + mark};
    Attachment client = box.start_attached();
    Attachment waiter = attach_to(box, false, false);
    REQUIRE(client.send_stdin("go\n").ok());
    if (kind == 0) {
      CHECK(receive_all(client).code == 3);
      REQUIRE(client.take_cleanup().ok());
    } else if (kind == 1) {
      Attachment gone = std::move(client);
    } else if (kind == 2) {
      CHECK(receive_all(client).code == 3);  // and says nothing
    }
    // Kind 3 does not even read. Nobody waits for the one that only waits.
    CHECK(box.gone(5000));
    CHECK(path_exists(mark) == (kind != 0));
    CHECK(receive_all(waiter).code == 3);
    // Too late, and no error.
    CHECK(client.take_cleanup().ok());
  }
}

TEST_CASE("monitor: a process outside that was given the output's other end does not keep it alive") {
  NEED_CONTAINERS;
  NEED_ROOT;
  Box box("echo here; exec sleep 1000");
  box.start(false);
  box.wait_logged("here");
  // As the host's root one can open the pipe of a process; what is written to it later is not the container's.
  Fd outside = open_file("/proc/" + std::to_string(box.pid) + "/fd/1", O_WRONLY).value();
  box.signal(SIGKILL);
  CHECK(box.gone(5000));
  CHECK(box.logged() == "here\n");
}

TEST_CASE("monitor: a terminal that nobody has open costs no processor time and works again") {
  NEED_CONTAINERS;
  NEED_ROOT;
  Box box(
      "stty -echo; mkfifo /tmp/go; exec </dev/null >/dev/null 2>&1; read go </tmp/go; echo again >/dev/pts/0; exec "
      "sleep 1000");
  box.job.plan.process.terminal = true;
  box.job.plan.process.rows = 24;
  box.job.plan.process.columns = 80;
  box.start(false);
  const std::string fifo = "/proc/" + std::to_string(box.pid) + "/root/tmp/go";
  // Opening waits for the reader: by then the terminal is closed.
  while (!path_exists(fifo)) sched_yield();
  Fd go = open_file(fifo, O_WRONLY).value();
  const long before = cpu_ticks(monitor_pid(box));
  pollfd never{-1, 0, 0};
  poll(&never, 1, 300);  // time in which a busy loop would burn 30 ticks
  CHECK(cpu_ticks(monitor_pid(box)) - before <= 3);
  REQUIRE(write_all(go.get(), "go\n").ok());
  box.wait_logged("again");
}

TEST_CASE("monitor: window size, resize, echo and input of a terminal") {
  NEED_CONTAINERS;
  Box box("stty size; read line; stty size; echo got $line");
  box.job.open_stdin = true;
  box.job.plan.process.terminal = true;
  box.job.plan.process.rows = 31;
  box.job.plan.process.columns = 99;
  Attachment attachment = box.start_attached();
  REQUIRE(attachment.resize(40, 120).ok());
  REQUIRE(attachment.send_stdin("word\n").ok());
  // The end of input of one client is not the terminal's end.
  REQUIRE(attachment.close_stdin().ok());
  const std::string out = receive_all(attachment).out;
  CHECK(out.find("40 120") != std::string::npos);
  CHECK(out.find("got word") != std::string::npos);
}

TEST_CASE("monitor: SIGTERM to it is the container's; SIGKILL takes the container along") {
  NEED_CONTAINERS;
  Box box("trap 'exit 4' TERM; echo ready; while :; do sleep 1000 & wait; done");
  box.start(false);
  box.wait_logged("ready");
  REQUIRE(::kill(monitor_pid(box), SIGTERM) == 0);
  REQUIRE(box.gone());
  CHECK(box.observed().exit->code == 4);

  box.start(false);
  box.wait_logged("ready");
  Attachment attached = attach_to(box, false, true);
  Fd process = pidfd_open(box.pid).value();
  REQUIRE(::kill(monitor_pid(box), SIGKILL) == 0);
  CHECK(box.gone());
  CHECK(receive_all(attached).lost);
  pollfd gone{process.get(), POLLIN, 0};
  REQUIRE(poll(&gone, 1, 10000) == 1);
  REQUIRE(box.observed().status == Status::kExited);
  CHECK(box.observed().exit->code == 137);
}

TEST_CASE("monitor: its private memory is small, also after a lot of output") {
  NEED_CONTAINERS;
  NEED_ROOT;
  Box box("head -c 3000000 /dev/urandom; seq 1 100000; echo; echo done; exec sleep 1000");
  box.start(false);
  box.wait_logged("done");
  // Anonymous: what it shares with nobody, however many run. The program's text is one copy for all of them.
  const std::string smaps = read_file("/proc/" + std::to_string(monitor_pid(box)) + "/smaps_rollup").value();
  const std::size_t at = smaps.find("Anonymous:");
  REQUIRE(at != std::string::npos);
  const long kb = std::stol(smaps.substr(at + 10));
  MESSAGE("private memory of a monitor, kB: " << kb);
  CHECK(kb > 0);
  CHECK(kb < 120);
}
