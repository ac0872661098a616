#include "engine/runtime/child/exec_guard.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/child/channel.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

struct Outcome {
  Result<void> started;
  int status;  // as waitpid(2) has it
};

// A child that offers the guard, gets `signals` from itself, and runs `program`.
Outcome run_guarded(const OwnProgram& own, const char* program, std::initializer_list<int> signals = {}) {
  auto channel = make_channel();
  REQUIRE(channel.ok());
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    channel->parent.reset();
    offer_guard(channel->child.get(), own);
    for (const int signal : signals) raise(signal);
    execl(program, program, nullptr);
    send_error(channel->child.get(), fail(Code::kCommandAbsent, "no such program"));
    _exit(125);
  }
  channel->child.reset();
  Outcome out{expect_exec(channel->parent.get(), pid, own), 0};
  REQUIRE(waitpid(pid, &out.status, 0) == pid);
  return out;
}

OwnProgram program_of(const char* path, bool writable) {
  struct stat info {};
  REQUIRE(stat(path, &info) == 0);
  return {info.st_dev, info.st_ino, writable};
}

}  // namespace

TEST_CASE("another program than the engine's own runs as if nobody had looked") {
  const OwnProgram own = program_of("/proc/self/exe", true);
  const Outcome ran = run_guarded(own, "/bin/false");
  CHECK(ran.started.ok());
  CHECK(WEXITSTATUS(ran.status) == 1);
  // Signals in between are the process's own matter.
  CHECK(WEXITSTATUS(run_guarded(own, "/bin/false", {SIGCHLD, SIGWINCH, SIGCONT}).status) == 1);
  const Outcome killed = run_guarded(own, "/bin/false", {SIGUSR1});
  CHECK(WIFSIGNALED(killed.status));
  CHECK(WTERMSIG(killed.status) == SIGUSR1);
  const Outcome absent = run_guarded(own, "/no/such/program");
  REQUIRE(!absent.started.ok());
  CHECK(absent.started.error().code == Code::kCommandAbsent);
  CHECK(WEXITSTATUS(absent.status) == 125);
}

TEST_CASE("the engine's own program is killed before it runs") {
  const Outcome refused = run_guarded(program_of("/bin/false", true), "/bin/false");
  REQUIRE(!refused.started.ok());
  CHECK(refused.started.error().code == Code::kCannotInvoke);
  CHECK(refused.started.error().text == "the command in the container leads to the engine's own program: refused");
  REQUIRE(WIFSIGNALED(refused.status));
  CHECK(WTERMSIG(refused.status) == SIGKILL);
  // Where nobody could write to it nobody looks.
  CHECK(run_guarded(program_of("/bin/false", false), "/bin/false").started.ok());
}

TEST_CASE("who is not the parent looks as well") {
  for (const bool own : {false, true}) {
    auto channel = make_channel();
    REQUIRE(channel.ok());
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      channel->parent.reset();
      if (!expect_message(channel->child.get(), Message::kGo).ok()) _exit(124);
      raise(SIGCHLD);
      execl("/bin/false", "/bin/false", nullptr);
      _exit(125);
    }
    channel->child.reset();
    auto started = go_and_expect_exec(channel->parent.get(), pid, program_of(own ? "/bin/false" : "/bin/true", true));
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    CHECK(started.ok() == !own);
    CHECK(WIFSIGNALED(status) == own);
    if (!own) CHECK(WEXITSTATUS(status) == 1);
  }
}
