#include "engine/monitor/process/monitor_main.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "engine/monitor/process/job_receiver.h"
#include "engine/monitor/process/session.h"
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

int give_up(Session& session, const Error& error) {
  session.abandon();
  session.answer_starts(Type::kError, runtime::encode(error));
  return 125;
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

  auto received = receive_job(kSocket);
  if (!received.ok()) {
    say_error(kSocket, received.error());
    return 125;
  }
  if (!received->given) return 0;

  Session session(std::move(received->job), std::move(received->descriptors), Fd(kSocket), received->attached);
  auto prepared = session.prepare();
  if (!prepared.ok()) return give_up(session, prepared.error());
  if (hung_up(kSocket)) {
    session.abandon();
    return 0;
  }
  if (received->initializes) {
    auto wanted = session.await_start();
    if (!wanted.ok()) return give_up(session, wanted.error());
    if (!*wanted) {
      session.end_run();
      session.finish();
      return session.exit_code();
    }
  }
  auto started = session.start();
  if (!started.ok()) return give_up(session, started.error());
  const std::int32_t pid = *started;
  session.answer_starts(Type::kStarted, std::string(reinterpret_cast<const char*>(&pid), sizeof(pid)) + session.timing());
  do {
    session.serve();
    session.end_run();
  } while (session.run_again());
  session.finish();
  // A service manager whose main process this is learns how the container ended.
  return session.exit_code();
}

}  // namespace creel::engine::monitor
