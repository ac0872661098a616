// What a container's process is: namespaces, hooks, descriptors, scheduling, seccomp listeners, a start that is waited for.
#include <grp.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "base/text.h"
#include "engine/runtime/child/namespace_names.h"
#include "tests/unit/runtime/box.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Fd listen_at(const std::string& path, int type) {
  Fd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address = address_of(path);
  REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(listen(fd.get(), 4) == 0);
  return fd;
}

Fd connect_to(const std::string& path) {
  Fd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address = address_of(path);
  REQUIRE(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

// A container that runs while another one joins its namespaces.
struct Running {
  Box box{"sleep 1000"};
  std::optional<InitProcess> process;
  explicit Running(const std::function<void(Box&)>& change = {}) {
    if (change) change(box);
    const Plan plan = box.plan();
    auto cloned = clone_init(plan, {}, box.options);
    REQUIRE_MESSAGE(cloned.ok(), (cloned.ok() ? "" : cloned.error().text));
    process = std::move(*cloned);
    process->placed();
    auto ready = process->wait_ready(plan);
    REQUIRE_MESSAGE(ready.ok(), (ready.ok() ? "" : ready.error().text));
    REQUIRE(process->go().ok());
  }
  ~Running() {
    kill(process->pid(), SIGKILL);
    waitpid(process->pid(), nullptr, 0);
  }
  [[nodiscard]] std::string ns(const std::string& name) const { return "/proc/" + std::to_string(process->pid()) + "/ns/" + name; }
};

}  // namespace

TEST_CASE("names of its own") {
  NEED_ROOT;
  Box box("hostname; cat /proc/sys/kernel/domainname");
  box.spec.hostname = "box";
  box.spec.domainname = "example.org";
  check_output(box.run(), "box\nexample.org\n");
}

TEST_CASE("a time namespace: the command's own clocks are set off") {
  NEED_ROOT;
  if (!path_exists("/proc/self/ns/time")) return;
  Box box("read up rest </proc/uptime; [ ${up%.*} -gt 100000000 ] && echo later; readlink /proc/self/ns/time");
  box.name_space(NamespaceType::kTime);
  box.spec.time_offsets = {{"boottime", {100000000, 0}}, {"monotonic", {5, 0}}};
  const Ended ended = box.run();
  CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
  CHECK(ended.out.find("later\n") == 0);
}

TEST_CASE("a PID namespace that is joined: its processes are seen, and the new one has a number there") {
  NEED_ROOT;
  const Running other;
  Box box("cat /proc/1/cmdline; echo; [ $$ -gt 1 ] && echo second");
  box.name_space(NamespaceType::kPid).path = other.ns("pid");
  const Ended ended = box.run();
  CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
  CHECK(ended.out.find("sleep") != std::string::npos);
  CHECK(ended.out.find("second") != std::string::npos);
}

TEST_CASE("exec: a container whose first process has just ended") {
  NEED_ROOT;
  const Running other;
  REQUIRE(kill(other.process->pid(), SIGKILL) == 0);
  siginfo_t info{};
  // Not reaped: its number is still its own.
  REQUIRE(waitid(P_PID, static_cast<id_t>(other.process->pid()), &info, WEXITED | WNOWAIT) == 0);
  ExecRequest request;
  request.pidfd = other.process->pidfd();
  request.plan.args = {"/bin/true"};
  auto done = exec_in_container(request);
  REQUIRE(!done.ok());
  CHECK(done.error().code == Code::kInUse);
  CHECK(done.error().text == "the container has ended");
}

TEST_CASE("namespaces that are joined by descriptors: those that were opened, whatever their paths lead to by now") {
  NEED_ROOT;
  std::optional<Running> other(std::in_place, [](Box& box) { box.spec.hostname = "lender"; });
  const Fd uts(open(other->ns("uts").c_str(), O_RDONLY | O_CLOEXEC)), ipc(open(other->ns("ipc").c_str(), O_RDONLY | O_CLOEXEC));
  other.reset();
  Box box("hostname; ls /proc/self/fd | wc -l");
  box.name_space(NamespaceType::kUts).path = "/proc/1/ns/uts";
  box.name_space(NamespaceType::kIpc).path = "/proc/1/ns/ipc";
  Plan plan = box.plan();
  for (NamespaceStep& step : plan.namespaces) {
    if (step.clone_flag == CLONE_NEWUTS) step.path = descriptor_name(uts.get());
    if (step.clone_flag == CLONE_NEWIPC) step.path = descriptor_name(ipc.get());
  }
  // 0, 1, 2 and the one that ls reads the directory with.
  check_output(box.run(plan), "lender\n4\n");
}

TEST_CASE("a user namespace that is joined, with namespaces that it owns and one that the host owns") {
  NEED_ROOT;
  const Running other([](Box& box) {
    box.name_space(NamespaceType::kUser);
    box.name_space(NamespaceType::kNetwork);
    box.spec.uid_mappings = box.spec.gid_mappings = {{0, 200000, 65536}};
    box.spec.hostname = "other";
  });
  const Running host([](Box& box) { box.spec.hostname = "host-owned"; });
  Box box("cat /proc/self/uid_map | { read a b c; echo $a $b $c; }; hostname");
  box.name_space(NamespaceType::kUser).path = other.ns("user");
  box.name_space(NamespaceType::kNetwork).path = other.ns("net");
  box.name_space(NamespaceType::kUts).path = other.ns("uts");
  check_output(box.run(), "0 200000 65536\nother\n");
  box.name_space(NamespaceType::kUts).path = host.ns("uts");
  check_output(box.run(), "0 200000 65536\nhost-owned\n");
  // A new user namespace beside one of the host's that is joined: joined before it is lost.
  Box fresh("hostname; id -u");
  fresh.name_space(NamespaceType::kUser);
  fresh.spec.uid_mappings = fresh.spec.gid_mappings = {{0, 300000, 65536}};
  fresh.name_space(NamespaceType::kUts).path = host.ns("uts");
  check_output(fresh.run(), "host-owned\n0\n");
}

TEST_CASE("namespaces that are not what they are listed as") {
  NEED_ROOT;
  const Running other;
  Box box("true");
  box.name_space(NamespaceType::kNetwork).path = other.ns("uts");
  CHECK(box.run().error.text.find("joining namespace") != std::string::npos);
  box.name_space(NamespaceType::kNetwork).path = "/etc/hostname";
  CHECK(!box.run().error.text.empty());
  box.name_space(NamespaceType::kNetwork).path = "/no/such/namespace";
  CHECK(box.run().error.err == ENOENT);
}

TEST_CASE("without privileges: a user namespace of one ID, mapped by the caller itself") {
  NEED_ROOT;
  constexpr uid_t kNobody = 54321;
  const pid_t child = fork();
  if (child == 0) {
    // doctest's checks do not cross the process: its exit code does.
    Box box("id -u; cat /proc/self/setgroups; echo x >/tmp/mine && stat -c %u /tmp/mine");
    box.name_space(NamespaceType::kUser);
    box.name_space(NamespaceType::kNetwork);
    box.spec.mounts.push_back({"/sys", "sysfs", "sysfs", {"ro", "nosuid"}});
    box.spec.uid_mappings = {{0, kNobody, 1}};
    box.spec.gid_mappings = {{0, kNobody, 1}};
    bool ready = chown(box.root("/tmp").c_str(), kNobody, kNobody) == 0 && setgroups(0, nullptr) == 0;
    ready = ready && setresgid(kNobody, kNobody, kNobody) == 0 && setresuid(kNobody, kNobody, kNobody) == 0;
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    const Ended ended = box.run();
    if (!ended.error.text.empty()) dprintf(2, "%s\n", ended.error.text.c_str());
    _exit(ready && ended.out == "0\ndeny\n0\n" ? 0 : 1);
  }
  int status = 1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("hooks: createContainer in the host's files and the container's namespaces, startContainer in the container") {
  NEED_ROOT;
  Box box("cat /tmp/order");
  const std::string file = box.root("/tmp/order");
  const std::string script = box.path + "/hook";
  REQUIRE(write_atomic(script, "#!/bin/sh\nread state; echo \"create $state $K $(hostname) $(ls -d /bin)\" >>" + file + "\n", 0755).ok());
  box.spec.hostname = "box";
  box.spec.create_container = {{script, {"hook"}, {"K=V", "PATH=/usr/bin:/bin"}, 5}};
  box.spec.start_container = {{"/bin/sh", {"sh", "-c", "read state; echo \"start $state $$\" >>/tmp/order; env | grep -c PATH >>/tmp/order"}, {"PATH=/bin"}, 5}};
  Plan plan = box.plan();
  plan.hook_state = "@STATUS@/@PID@";
  const Ended ended = box.run(plan);
  CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
  CHECK(ended.out.find("create creating/1 V box /bin\nstart created/1 ") == 0);
}

TEST_CASE("hooks: one that fails stops the container, and is named with what it said") {
  NEED_ROOT;
  for (const bool start : {false, true}) {
    CAPTURE(start);
    Box box("echo started");
    (start ? box.spec.start_container : box.spec.create_container) = {{"/bin/sh", {"sh", "-c", "echo no luck >&2; exit 4"}, {"PATH=/bin"}, 0}};
    const Ended ended = box.run();
    CHECK(ended.error.text == "hook /bin/sh: exit code 4: no luck");
    CHECK(ended.out.empty());
  }
}

TEST_CASE("hooks: startContainer has the container's rights, not the runtime's") {
  NEED_ROOT;
  Box box("true");
  box.spec.process.user.uid = 1000;
  box.spec.process.user.gid = 1000;
  box.spec.process.capabilities = {};
  box.spec.start_container = {{"/bin/sh", {"sh", "-c", "grep CapEff /proc/self/status >&2; id -u >&2; exit 1"}, {"PATH=/bin"}, 0}};
  const Ended ended = box.run();
  CHECK(ended.error.text.find("CapEff:\t0000000000000000\n1000") != std::string::npos);
}

TEST_CASE("descriptors: those to be preserved, and no other") {
  NEED_ROOT;
  Box box("cat <&3; ls /proc/self/fd | wc -l; echo $LISTEN_FDS $LISTEN_PID $$");
  // 3 and 4 are ours to give; what is there already in this process comes back afterwards.
  const Fd old3(fcntl(3, F_DUPFD_CLOEXEC, 50)), old4(fcntl(4, F_DUPFD_CLOEXEC, 50));
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], "given\n", 6) == 6);
  const Fd high(fcntl(ends[0], F_DUPFD, 60)), leaked(open("/", O_RDONLY));
  close(ends[0]);
  close(ends[1]);
  REQUIRE(dup2(high.get(), 3) == 3);
  // This engine's own among them, by its mark.
  REQUIRE(dup3(leaked.get(), 4, O_CLOEXEC) == 4);
  box.spec.process.preserve_fds = {3, 4};
  box.spec.process.env.push_back("LISTEN_FDS=2");
  box.spec.process.env.push_back("LISTEN_PID=77");
  const Ended ended = box.run();
  if (old3.valid()) dup3(old3.get(), 3, O_CLOEXEC);
  else close(3);
  if (old4.valid()) dup3(old4.get(), 4, O_CLOEXEC);
  else close(4);
  // 0, 1, 2, 3 and the one that ls reads the directory with.
  check_output(ended, "given\n5\n2 1 1\n");
}

TEST_CASE("scheduling, personality, oom_score_adj, umask, groups") {
  NEED_ROOT;
  Box box("set -- $(cat /proc/self/stat); echo ${19} ${41}; uname -m; cat /proc/self/oom_score_adj; umask; id -G");
  box.spec.process.scheduler = Scheduler{"SCHED_BATCH", 3, 0, {}, 0, 0, 0};
  box.spec.process.io_priority = IoPriority{"IOPRIO_CLASS_IDLE", 0};
  box.spec.process.oom_score_adj = 321;
  box.spec.process.user.umask = 0077;
  box.spec.process.user.additional_gids = {5, 6};
  box.spec.personality = Personality{"LINUX32", {}};
  const Ended ended = box.run();
  CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
#ifdef __x86_64__
  CHECK(ended.out == "3 3\ni686\n321\n0077\n0 5 6\n");
#endif
}

TEST_CASE("create and start: the process waits for who starts it when its parent is long gone") {
  NEED_ROOT;
  Box box("echo started >/tmp/out; exit 0");
  const std::string path = box.path + "/start";
  // Whom the container is left to, in place of its parent.
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const pid_t creator = fork();
  if (creator == 0) {
    const Fd listener = listen_at(path, SOCK_SEQPACKET);
    box.options.start_listener = listener.get();
    const Plan plan = box.plan();
    auto process = clone_init(plan, {}, box.options);
    if (!process.ok()) _exit(1);
    process->placed();
    if (!process->wait_ready(plan).ok()) _exit(2);
    const pid_t pid = process->pid();
    (void)!write(ends[1], &pid, sizeof(pid));
    _exit(0);
  }
  int status = 1;
  REQUIRE(waitpid(creator, &status, 0) == creator);
  REQUIRE(status == 0);
  pid_t pid = -1;
  REQUIRE(read(ends[0], &pid, sizeof(pid)) == sizeof(pid));
  CHECK(!path_exists(box.root("/tmp/out")));
  // Who goes away without a word has started nothing, and spoilt nothing.
  connect_to(path).reset();
  const Fd connection = connect_to(path);
  auto started = start_waiting(connection.get());
  CHECK_MESSAGE(started.ok(), (started.ok() ? "" : started.error().text));
  REQUIRE(waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
  CHECK(path_exists(box.root("/tmp/out")));
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("create and start: what fails at the start is told to who starts") {
  NEED_ROOT;
  Box box("true");
  REQUIRE(write_atomic(box.root("/tmp/plain"), "no program", 0644).ok());
  box.spec.process.args = {"/tmp/plain"};
  const std::string path = box.path + "/start";
  const Fd listener = listen_at(path, SOCK_SEQPACKET);
  box.options.start_listener = listener.get();
  const Plan plan = box.plan();
  auto process = clone_init(plan, {}, box.options);
  REQUIRE(process.ok());
  process->placed();
  REQUIRE(process->wait_ready(plan).ok());
  const Fd connection = connect_to(path);
  auto started = start_waiting(connection.get());
  REQUIRE(!started.ok());
  CHECK(started.error().code == Code::kCannotInvoke);
  waitpid(process->pid(), nullptr, 0);
}

TEST_CASE("create and start: a command that is not there is told to who creates") {
  NEED_ROOT;
  Box box("true");
  box.spec.process.args = {"/no/such/command"};
  const Fd listener = listen_at(box.path + "/start", SOCK_SEQPACKET);
  box.options.start_listener = listener.get();
  const Plan plan = box.plan();
  auto process = clone_init(plan, {}, box.options);
  REQUIRE(process.ok());
  process->placed();
  auto ready = process->wait_ready(plan);
  REQUIRE(!ready.ok());
  CHECK(ready.error().code == Code::kCommandAbsent);
  waitpid(process->pid(), nullptr, 0);
}

TEST_CASE("SCMP_ACT_NOTIFY: who listens gets the state and answers the container's calls") {
  NEED_ROOT;
  Box box("mkdir /tmp/asked 2>&1; echo done");
  const std::string path = box.path + "/agent";
  const Fd listener = listen_at(path, SOCK_STREAM);
  box.spec.seccomp.kind = SeccompKind::kProfile;
  box.spec.seccomp.profile = R"({"defaultAction":"SCMP_ACT_ALLOW","listenerPath":")" + path +
                             R"(","listenerMetadata":"meta \"data\"","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_NOTIFY"}]})";
  const pid_t agent = fork();
  if (agent == 0) {
    const Fd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char text[4096];
    iovec io{text, sizeof(text)};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr header{};
    header.msg_iov = &io;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    const ssize_t got = recvmsg(connection.get(), &header, MSG_CMSG_CLOEXEC);
    if (got <= 0 || CMSG_FIRSTHDR(&header) == nullptr) _exit(1);
    (void)write_atomic(box.path + "/state", std::string_view(text, static_cast<std::size_t>(got))).ok();
    int asked = -1;
    std::memcpy(&asked, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(asked));
    seccomp_notif question{};
    if (ioctl(asked, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) _exit(2);
    seccomp_notif_resp answer{};
    answer.id = question.id;
    answer.error = -EDOM;
    _exit(ioctl(asked, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0 ? 0 : 3);
  }
  box.spec.process.no_new_privileges = true;
  Plan plan = box.plan();
  plan.hook_state = "{\"id\":\"x\",\"pid\":@PID@,\"status\":\"@STATUS@\"}";
  const Ended ended = box.run(plan);
  if (!ended.error.text.empty()) kill(agent, SIGKILL);
  int status = 1;
  REQUIRE(waitpid(agent, &status, 0) == agent);
  CHECK(status == 0);
  CHECK_MESSAGE(ended.error.text.empty(), ended.error.text);
  CHECK(ended.out.find("umerical") != std::string::npos);
  CHECK(ended.out.find("done\n") != std::string::npos);
  const std::string state = read_file(box.path + "/state").value();
  CHECK(state.find("\"fds\":[\"seccompFd\"]") != std::string::npos);
  CHECK(state.find("\"metadata\":\"meta \\\"data\\\"\"") != std::string::npos);
  CHECK(state.find("\"status\":\"creating\"") != std::string::npos);
  CHECK(state.find("\"pid\":1,") == std::string::npos);
}

TEST_CASE("a label that this host cannot give is an error, never silence") {
  engine::runtime::Process process;
  process.args = {"sh"};
  if (!path_exists("/sys/fs/selinux/enforce")) {
    process.selinux_label = "system_u:system_r:container_t:s0";
    CHECK(compile_process(process, {}).error().code == Code::kUnavailable);
    process.selinux_label.clear();
  }
  auto enabled = read_file("/sys/module/apparmor/parameters/enabled", 16);
  if (!enabled.ok() || enabled->front() != 'Y') {
    process.apparmor_profile = "docker-default";
    CHECK(compile_process(process, {}).error().text.find("AppArmor is not enabled on this host") != std::string::npos);
  }
}
