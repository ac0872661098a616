#include "engine/monitor/process/monitor_main.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/file.h"
#include "engine/monitor/process/session.h"
#include "engine/runtime/child/namespace_names.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

namespace {

constexpr int kSocket = 3;
constexpr int kTarget = 4;

void say_error(int socket, const Error& error) {
  send_packet(socket, Type::kError, runtime::encode(error));
}

// Whoever wanted the container has been killed meanwhile, or thought better of it.
bool hung_up(int socket) {
  pollfd state{socket, 0, 0};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

// Joins the user namespace that the CLI has found, or is having mapped meanwhile.
Result<void> enter_user_namespace(const char* mode, int socket) {
  if (mode[0] == 's') return {};
  if (setns(kTarget, CLONE_NEWUSER) != 0) return errno_error("joining the user namespace");
  close(kTarget);
  send_packet(socket, Type::kInside, {});
  TRY_SET(Packet packet, receive_packet(socket));
  if (packet.closed) _exit(1);
  if (packet.type != Type::kMapped) return fail(Code::kFailed, "the start of the container is out of step");
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) return errno_error("becoming root of the user namespace");
  return {};
}

// What came after the descriptors to be preserved are the plan's namespaces. They keep their numbers in the container's process, as
// long as that is ours: none of those that it is to have.
Result<void> take_namespaces(runtime::Plan& plan, std::vector<Fd>& received) {
  const std::vector<std::uint32_t>& numbers = plan.process.preserve_fds;
  const std::uint32_t above = numbers.empty() ? 0 : *std::max_element(numbers.begin(), numbers.end()) + 1;
  bool complete = received.size() >= numbers.size();
  for (std::size_t i = numbers.size(); complete && above > 0 && i < received.size(); ++i) {
    received[i] = Fd(fcntl(received[i].get(), F_DUPFD_CLOEXEC, static_cast<int>(above)));
    complete = received[i].valid();
  }
  runtime::each_namespace_name(plan, [&](std::string& name) {
    const int index = runtime::named_descriptor(name);
    if (index < 0) return;
    const std::size_t at = numbers.size() + static_cast<std::size_t>(index);
    complete = complete && at < received.size();
    if (complete) name = runtime::descriptor_name(received[at].get());
  });
  return complete ? Result<void>() : fail(Code::kFailed, "not all descriptors could be passed to the container's monitor");
}

}  // namespace

int monitor_main(int argc, char** argv) {
  if (argc != 2 || fcntl(kSocket, F_SETFD, FD_CLOEXEC) != 0) {
    static constexpr char kWords[] = "creel-monitor is started by creel, not by hand\n";
    (void)!write(2, kWords, sizeof(kWords) - 1);
    return 125;
  }
  // The terminal's signals are for the CLI; a closed log or client is noticed by its errno.
  for (int number : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTTIN, SIGTTOU, SIGTSTP}) signal(number, SIG_IGN);
  if (std::strcmp(argv[1], "join") == 0) fcntl(kTarget, F_SETFD, FD_CLOEXEC);
  umask(0077);
  auto entered = enter_user_namespace(argv[1], kSocket);
  if (!entered.ok()) {
    say_error(kSocket, entered.error());
    return 125;
  }
  if (chdir("/") != 0) return 125;

  auto packet = receive_packet(kSocket);
  std::vector<Fd> preserved;
  while (packet.ok() && !packet->closed && packet->type == Type::kDescriptor) {
    preserved.push_back(std::move(packet->fd));
    packet = receive_packet(kSocket);
  }
  if (!packet.ok() || packet->closed) return 0;  // the CLI thought better of it
  const bool attached = packet->data.size() == 1 && packet->data[0] == 1;
  auto job = [&]() -> Result<Job> {
    if (packet->type != Type::kJob || !packet->fd.valid())
      return fail(Code::kFailed, "the start of the container is out of step");
    if (lseek(packet->fd.get(), 0, SEEK_SET) != 0) return errno_error("reading the monitor's job");
    TRY_SET(const std::string bytes, read_all(packet->fd.get()));
    TRY_SET(Job out, decode_job(bytes));
    TRY(take_namespaces(out.plan, preserved));
    // The caller's groups open files to the caller, not to a container, unless it was asked for.
    if (out.user_namespace && !out.plan.process.keep_groups && setgroups(0, nullptr) != 0) {
      return errno_error("dropping supplementary groups in the user namespace");
    }
    return out;
  }();
  if (!job.ok()) {
    say_error(kSocket, job.error());
    return 125;
  }
  packet->fd.reset();

  Session session(std::move(*job), std::move(preserved), Fd(kSocket), attached);
  auto prepared = session.prepare();
  if (!prepared.ok()) {
    session.abandon();
    say_error(kSocket, prepared.error());
    return 125;
  }
  if (hung_up(kSocket)) {
    session.abandon();
    return 0;
  }
  auto started = session.start();
  if (!started.ok()) {
    session.abandon();
    say_error(kSocket, started.error());
    return 125;
  }
  const std::int32_t pid = *started;
  send_packet(kSocket, Type::kStarted, std::string_view(reinterpret_cast<const char*>(&pid), sizeof(pid)));
  session.serve();
  session.finish();
  return 0;
}

}  // namespace creel::engine::monitor
