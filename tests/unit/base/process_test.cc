#include "base/process.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "base/text.h"
#include "tests/unit/base/support.h"

using namespace creel;
using namespace creel::test;

namespace {

// What a program started like this prints.
std::string output_of(SpawnRequest request) {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  Fd read_end(ends[0]), write_end(ends[1]);
  request.fds.emplace_back(write_end.get(), 1);
  auto process = spawn(request);
  write_end.reset();
  if (!process.ok()) return process.error().text;
  auto text = read_all(read_end.get());
  CHECK(process->wait().ok());
  return text.ok() ? *text : text.error().text;
}

SpawnRequest shell(const std::string& script) {
  SpawnRequest out;
  out.path = "/bin/sh";
  out.argv = {"sh", "-c", script};
  return out;
}

}  // namespace

TEST_CASE("how a program ended") {
  CHECK(*spawn(shell("exit 3"))->wait() == 3);
  CHECK(*spawn(shell("kill -TERM $$"))->wait() == 128 + SIGTERM);
  auto sleeper = spawn(shell("exec sleep 100"));
  REQUIRE(sleeper.ok());
  CHECK(sleeper->pid() > 0);
  CHECK(process_start_time(sleeper->pid()) > 0);
  REQUIRE(pidfd_signal(sleeper->pidfd(), SIGKILL).ok());
  CHECK(*sleeper->wait() == 128 + SIGKILL);
  CHECK(process_start_time(sleeper->pid()) == 0);
  CHECK(!pidfd_signal(sleeper->pidfd(), SIGKILL).ok());
}

TEST_CASE("what cannot be started is an error here, not a child that failed") {
  TempDir dir;
  SpawnRequest request;
  request.path = "/no/such/program";
  request.argv = {"x"};
  auto absent = spawn(request);
  REQUIRE(!absent.ok());
  CHECK(absent.error().code == Code::kNotFound);
  CHECK(absent.error().text == "start /no/such/program: No such file or directory");
  request.path = "no-such-program-anywhere";
  CHECK(spawn(request).error().code == Code::kNotFound);
  REQUIRE(write_atomic(dir / "plain", "text", 0644).ok());
  request.path = dir / "plain";
  CHECK(spawn(request).error().code == Code::kDenied);
  REQUIRE(chmod((dir / "plain").c_str(), 0755) == 0);
  CHECK(spawn(request).error().err == ENOEXEC);
  // No child is left behind.
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a directory that is missing is not a program that is missing") {
  SpawnRequest request = shell("pwd");
  request.cwd = "/no/such/directory";
  auto started = spawn(request);
  REQUIRE(!started.ok());
  CHECK(started.error().code == Code::kFailed);
  CHECK(started.error().text.find("/no/such/directory") != std::string::npos);
  request.cwd = "/usr";
  CHECK(output_of(request) == "/usr\n");
}

TEST_CASE("a child has descriptors 0 to 2 and those named, whatever we had open") {
  TempDir dir;
  REQUIRE(write_atomic(dir / "a", "A").ok());
  REQUIRE(write_atomic(dir / "b", "B").ok());
  auto a = open_file(dir / "a", O_RDONLY), b = open_file(dir / "b", O_RDONLY);
  // As a careless caller of ours leaves them: open across exec.
  const int low = fcntl(a->get(), F_DUPFD, 3), high = fcntl(a->get(), F_DUPFD, 200);
  SpawnRequest request = shell("ls /proc/self/fd | tr '\\n' ' '; cat <&4; cat <&7");
  request.fds = {{b->get(), 4}, {a->get(), 7}};
  // ls has one more for the directory it lists: the lowest that is free.
  CHECK(output_of(request) == "0 1 2 3 4 7 BA");
  // Numbers that cross: each of ours is the other's target.
  request = shell("cat <&" + std::to_string(a->get()) + "; cat <&" + std::to_string(b->get()));
  if (a->get() < 10 && b->get() < 10) {
    lseek(a->get(), 0, SEEK_SET);
    lseek(b->get(), 0, SEEK_SET);
    request.fds = {{b->get(), a->get()}, {a->get(), b->get()}};
    CHECK(output_of(request) == "BA");
  }
  // Ours are as they were.
  CHECK(fcntl(low, F_GETFD) == 0);
  CHECK(fcntl(high, F_GETFD) == 0);
  close(low);
  close(high);
}

TEST_CASE("environment, session, signals") {
  SpawnRequest request = shell("echo $A-$HOME");
  request.env = std::vector<std::string>{"A=1"};
  CHECK(output_of(request) == "1-\n");
  // Field 6: the session.
  request = shell("read -r pid comm state ppid pgrp session rest </proc/self/stat; [ $session = $pid ] && echo own");
  request.new_session = true;
  CHECK(output_of(request) == "own\n");
  // Neither ignored nor blocked signals are inherited, real-time ones included.
  signal(SIGUSR1, SIG_IGN);
  signal(SIGRTMIN + 3, SIG_IGN);
  sigset_t some, before;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR2);
  sigprocmask(SIG_BLOCK, &some, &before);
  CHECK(output_of(shell("grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t\\n'")) ==
        "SigBlk:0000000000000000SigIgn:0000000000000000");
  sigprocmask(SIG_SETMASK, &before, nullptr);
  signal(SIGUSR1, SIG_DFL);
  signal(SIGRTMIN + 3, SIG_DFL);
}

TEST_CASE("a helper dies with the one that started it") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  Fd read_end(ends[0]), write_end(ends[1]);
  Signal started;
  const pid_t middle = start_child([&] {
    SpawnRequest request = shell("exec sleep 100");
    request.fds = {{write_end.get(), 1}};
    request.parent_death_signal = SIGKILL;
    if (!spawn(request).ok()) return 1;
    started.say();
    pause();
    return 0;
  });
  started.await();
  write_end.reset();
  kill(middle, SIGKILL);
  wait_status(middle);
  // The end of the pipe comes when the helper is gone.
  CHECK(read_all(read_end.get())->empty());
}

TEST_CASE("a caller that ignores SIGCHLD does not make us blind") {
  const int code = in_child([] {
    signal(SIGCHLD, SIG_IGN);
    auto ran = run_program({"/bin/sh", "-c", "exit 5"});
    return ran.ok() ? ran->exit_code : 100;
  });
  CHECK(code == 5);
}

TEST_CASE("out of descriptors: an error, and no child that nobody waits for") {
  const int code = in_child([] {
    for (rlim_t most = 3; most < 12; ++most) {
      const rlimit limit{most, 64};
      setrlimit(RLIMIT_NOFILE, &limit);
      auto process = spawn(shell("exit 0"));
      if (process.ok()) return *process->wait() == 0 ? 0 : 1;
      if (waitpid(-1, nullptr, WNOHANG) != -1) return 2;
    }
    return 3;
  });
  CHECK(code == 0);
}

TEST_CASE("run_program: input, output, errors, in any order and size") {
  auto ran = run_program({"cat"}, std::string(300000, 'x'));
  REQUIRE(ran.ok());
  CHECK(ran->out.size() == 300000);
  ran = run_program({"sh", "-c", "echo out; echo err >&2; exit 9"});
  CHECK(ran->exit_code == 9);
  CHECK(ran->out == "out\n");
  CHECK(ran->err == "err\n");
  // Does not read what it is given: SIGPIPE is not our death, and not left changed either.
  ran = run_program({"true"}, std::string(1 << 20, 'x'));
  REQUIRE(ran.ok());
  CHECK(ran->exit_code == 0);
  struct sigaction now {};
  sigaction(SIGPIPE, nullptr, &now);
  CHECK((now.sa_handler == SIG_DFL));
  sigset_t pending;
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
  ran = run_program({"head", "-c", "3000000", "/dev/zero"});
  CHECK(ran->out.size() == 1 << 20);
  CHECK(run_program({"no-such-program-anywhere"}).error().code == Code::kNotFound);
}

TEST_CASE("run_program from several threads at once") {
  std::vector<std::thread> threads;
  int wrong[4] = {};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&wrong, i] {
      for (int j = 0; j < 5; ++j) {
        auto ran = run_program({"sh", "-c", "exit " + std::to_string(i)}, std::string(100000, 'x'));
        if (!ran.ok() || ran->exit_code != i) ++wrong[i];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int w : wrong) CHECK(w == 0);
}

TEST_CASE("finding programs") {
  CHECK(find_program("sh").ok());
  CHECK(find_program("/bin/sh").ok());
  CHECK(find_program("no-such-program-anywhere").error().code == Code::kNotFound);
  CHECK(find_program("/no/such").error().code == Code::kNotFound);
  TempDir dir;
  REQUIRE(write_atomic(dir / "prog", "#!/bin/sh\n", 0755).ok());
  REQUIRE(make_dirs(dir / "decoy/prog").ok());
  const int code = in_child([&] {
    // A directory is no program, and a relative entry is not looked at.
    setenv("PATH", (".:" + (dir / "decoy") + ":" + dir.path()).c_str(), 1);
    auto found = find_program("prog");
    return found.ok() && *found == dir / "prog" ? 0 : 1;
  });
  CHECK(code == 0);
}

TEST_CASE("who a process is") {
  CHECK(process_start_time(getpid()) > 0);
  CHECK(process_start_time(getpid()) == process_start_time(getpid()));
  CHECK(boot_id().size() == 36);
  CHECK(!pidfd_open(-1).ok());
}
