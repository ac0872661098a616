// The monitor itself, from its start to its end.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/monitor/client.h"
#include "engine/monitor/shared/liveness.h"
#include "tests/unit/monitor/box.h"

using namespace creel;
using namespace creel::engine;
using namespace creel::engine::monitor;

// What a monitor does when it has released its lock has no other event to wait for.
template <typename Condition>
bool soon(Condition holds) {
  for (int i = 0; i < 1000 && !holds(); ++i) (void)poll(nullptr, 0, 10);
  return holds();
}

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
  // The network takes until the starter is dead.
  const std::string gate = box.path + "/gate";
  REQUIRE(mkfifo(gate.c_str(), 0666) == 0);
  box.job.network.argv = {"/bin/sh", "-c", "read line <" + gate + "; printf 1 >&3"};
  auto begun = Launch::begin(identity(), box.job.runtime_dir);
  REQUIRE(begun.ok());
  {
    Launch dying = std::move(*begun);
    REQUIRE(dying.give(box.job, Launch::Begin::kAttached).ok());
  }
  REQUIRE(write_all(open_file(gate, O_WRONLY).value().get(), "open\n").ok());
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
      client.take_cleanup();
      client.forgotten();
    } else if (kind == 1) {
      Attachment gone = std::move(client);
    } else if (kind == 2) {
      CHECK(receive_all(client).code == 3);  // and says nothing
    }
    // Kind 3 does not even read. Nobody waits for the one that only waits.
    CHECK(box.gone(5000));
    CHECK(soon([&] { return path_exists(kind == 0 ? box.job.container_dir : mark) == (kind != 0); }));
    CHECK(path_exists(mark) == (kind != 0));
    CHECK(receive_all(waiter).code == 3);
    // The files go with the record.
    CHECK(path_exists(box.job.container_dir) == (kind != 0));
    // Too late, and no harm.
    client.take_cleanup();
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
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(kb < 150);
#endif
}

TEST_CASE("monitor: the network helper publishes a port; a port that is taken is an error that names it") {
  NEED_CONTAINERS;
  if (!find_program("slirp4netns").ok() || access("/dev/net/tun", R_OK | W_OK) != 0) {
    MESSAGE("skipped: needs slirp4netns and /dev/net/tun");
    return;
  }
  // A free port, found by having the kernel choose one.
  Fd taken(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(bind(taken.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(taken.get(), 1) == 0);
  REQUIRE(getsockname(taken.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string port = std::to_string(ntohs(address.sin_port));

  Box box("echo served | nc -l -p 80; exit 2");
  box.job.network.argv = {"slirp4netns", "--netns-type=path", "--configure", "--mtu=65520", "--api-socket", "@API@", "-r",
                          "@READY_FD@",  "-e",          "@EXIT_FD@",   "@NETNS@",      "tap0"};
  box.job.network.port_requests = {
      R"({"execute":"add_hostfwd","arguments":{"proto":"tcp","host_addr":"127.0.0.1","host_port":)" + port +
      R"(,"guest_port":80}})"};
  box.job.network.port_names = {"127.0.0.1:" + port + "->80/tcp"};
  auto refused = box.try_start(true);
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == Code::kInUse);
  CHECK(refused.error().text.find(box.job.network.port_names[0]) != std::string::npos);
  box.launch.reset();
  REQUIRE(box.gone());
  CHECK(box.observed().status == Status::kCreated);

  taken.reset();
  Attachment attachment = box.start_attached();
  std::string answer;
  // slirp4netns accepts before the container listens, and then closes: asked until there is an answer.
  while (answer.empty()) {
    Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    auto got = read_all(client.get());
    if (got.ok()) answer = *got;
  }
  CHECK(answer == "served\n");
  CHECK(receive_all(attachment).code == 2);
  CHECK(box.gone());
  CHECK(!path_exists(box.job.running_dir + "/slirp.sock"));
}
