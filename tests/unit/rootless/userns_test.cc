// The user namespace itself: as root these tests become the user `creeltest` that scripts/test-setup makes, in
// children.
#include "rootless/userns.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <thread>

#include "tests/unit/base/support.h"

using namespace creel;
using namespace creel::rootless;
using namespace creel::test;

namespace {

constexpr int kSkip = 77;

// Becomes an ordinary user; false where none with subordinate IDs can be had.
bool become_user() {
  if (geteuid() == 0) {
    const passwd* user = getpwnam("creeltest");
    if (user == nullptr) return false;
    if (setgroups(0, nullptr) != 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0) return false;
    if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0) return false;
    // Having changed UIDs makes a process its /proc directory's stranger; a program that was exec'd has its own.
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    setenv("HOME", user->pw_dir, 1);
  }
  return true;
}

template <typename Work>
int as_user(const Work& work) {
  return in_child([&] {
    if (!become_user()) return kSkip;
    if (!subordinate_maps().ok()) return kSkip;
    return work();
  });
}

bool skipped(int code) {
  if (code == kSkip) MESSAGE("skipped: no user with subordinate IDs here (scripts/test-setup makes one), or no mounts");
  return code == kSkip;
}

// Files of the test in place of the system's, for this process alone.
bool replace(const std::string& ours, const char* theirs) {
  return mount(ours.c_str(), theirs, nullptr, MS_BIND, nullptr) == 0;
}
bool own_mounts() {
  return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

std::string user_namespace_of(const std::string& pid) {
  char link[64];
  const ssize_t n = readlink(("/proc/" + pid + "/ns/user").c_str(), link, sizeof link);
  return {link, n > 0 ? static_cast<std::size_t>(n) : 0};
}

int say(const Error& error, int code) {
  fprintf(stderr, "%s (%s)\n", error.text.c_str(), error.hint.c_str());
  return code;
}

struct OpenDir : TempDir {
  OpenDir() { chmod(path().c_str(), 0777); }
};

}  // namespace

TEST_CASE_FIXTURE(OpenDir, "entering makes a namespace with all of the user's IDs, and root in it") {
  const int code = as_user([&] {
    const std::string before = user_namespace_of("self");
    auto entered = enter(Identity::kUser, path());
    if (!entered.ok()) return say(entered.error(), 1);
    if (getuid() != 0 || getgid() != 0 || user_namespace_of("self") == before) return 2;
    if (getgroups(0, nullptr) != 0) return 3;
    auto map = read_file("/proc/self/uid_map");
    if (!map.ok() || map->find("65536") == std::string::npos) return 4;
    // A subordinate ID is an owner there.
    auto file = open_at(fd(), "f", O_WRONLY | O_CREAT, 0600);
    if (!file.ok() || fchown(file->get(), 33, 33) != 0) return 5;
    return setresuid(1, 1, 1) == 0 ? 0 : 6;
  });
  if (skipped(code)) return;
  CHECK(code == 0);
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE_FIXTURE(OpenDir, "who enters while a process lives in the namespace joins it") {
  Signal inside, go;
  const pid_t holder = start_child([&] {
    if (!become_user() || !subordinate_maps().ok()) {
      inside.say();
      return kSkip;
    }
    auto entered = enter(Identity::kUser, path());
    const bool published = publish_namespace(path(), getpid()).ok();
    inside.say();
    go.await();
    return entered.ok() && published ? 0 : 1;
  });
  inside.await();
  const std::string theirs = user_namespace_of(std::to_string(holder));
  const int code = as_user([&] {
    if (!live_namespace(path())) return 1;
    auto entered = enter(Identity::kUser, path());
    if (!entered.ok()) return say(entered.error(), 2);
    return user_namespace_of("self") == theirs && getuid() == 0 ? 0 : 3;
  });
  go.say();
  const int held = wait_status(holder);
  if (skipped(held)) return;
  CHECK(held == 0);
  CHECK(code == 0);
  CHECK(!live_namespace(path()));
  // Dead: the next one makes its own.
  CHECK(as_user([&] { return enter(Identity::kUser, path()).ok() && getuid() == 0 ? 0 : 1; }) == 0);
}

TEST_CASE_FIXTURE(OpenDir, "a live process is known by PID, start time and boot") {
  const std::string file = *this / "userns";
  const std::string pid = std::to_string(getpid()), start = std::to_string(process_start_time(getpid()));
  CHECK(!live_namespace(path()));
  REQUIRE(publish_namespace(path(), getpid()).ok());
  CHECK(live_namespace(path()).has_value());
  for (const std::string& stale :
       {pid + " 1 " + boot_id(), pid + " " + start + " another-boot", pid + " " + start, std::string(),
        std::string("x y z"), "-1 0 " + boot_id(), "0 0 " + boot_id(), "4294967297 " + start + " " + boot_id(),
        "99999999999999999999 0 " + boot_id(), std::string(300, '1')}) {
    CAPTURE(stale);
    REQUIRE(write_atomic(file, stale + "\n").ok());
    CHECK(!live_namespace(path()));
  }
  const pid_t dead = start_child([] { return 0; });
  wait_status(dead);
  CHECK(!publish_namespace(path(), dead).ok());
}

TEST_CASE_FIXTURE(OpenDir, "a namespace that cannot be entered is an error, not a command that hangs") {
  const int code = as_user([&] {
    // The kernel refuses setns(CLONE_NEWUSER) to a process with a second thread.
    std::thread other([] { pause(); });
    auto entered = enter(Identity::kUser, path());
    other.detach();
    if (entered.ok()) return 1;
    if (entered.error().text.rfind("entering the new user namespace", 0) != 0) return 2;
    return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD ? 0 : 3;
  });
  if (skipped(code)) return;
  CHECK(code == 0);
}

TEST_CASE_FIXTURE(OpenDir, "run_inside: work is done there, errors come back whole") {
  struct Work {
    std::string dir;
    int outcome;
  };
  auto work = [](void* argument) -> Result<void> {
    const auto* job = static_cast<Work*>(argument);
    if (job->outcome == 1) {
      Error error = fail(Code::kInUse, "text\nof two lines").with_hint("first\nsecond");
      error.err = EBUSY;
      return error;
    }
    if (job->outcome == 2) _exit(0);
    if (job->outcome == 3) kill(getpid(), SIGKILL);
    TRY(write_atomic(job->dir + "/done", std::to_string(getuid())));
    return {};
  };
  const int code = as_user([&] {
    Work job{path(), 0};
    auto done = run_inside(Identity::kUser, path(), work, &job);
    if (!done.ok()) return say(done.error(), 1);
    if (getuid() == 0 || *read_file(*this / "done") != "0") return 2;
    for (bool ignored : {false, true}) {
      // As some service managers start us: exit statuses are lost.
      if (ignored) signal(SIGCHLD, SIG_IGN);
      job.outcome = 1;
      done = run_inside(Identity::kUser, path(), work, &job);
      if (done.ok() || done.error().code != Code::kInUse || done.error().err != EBUSY) return 3;
      if (done.error().text != "text\nof two lines" || done.error().hint != "first\nsecond") return 4;
      for (int silent : {2, 3}) {
        job.outcome = silent;
        if (run_inside(Identity::kUser, path(), work, &job).ok()) return 5;
      }
    }
    return 0;
  });
  if (skipped(code)) return;
  CHECK(code == 0);
}

TEST_CASE_FIXTURE(OpenDir, "as root, or inside already, nothing is entered") {
  CHECK(enter(Identity::kRoot, path()).ok());
  CHECK(enter(Identity::kInsideUserns, path()).ok());
  int ran = 0;
  CHECK(run_inside(
            Identity::kRoot, path(),
            [](void* count) -> Result<void> {
              ++*static_cast<int*>(count);
              return {};
            },
            &ran)
            .ok());
  CHECK(ran == 1);
}

TEST_CASE_FIXTURE(OpenDir, "no subordinate IDs: the error says what to add") {
  REQUIRE(write_atomic(*this / "subuid", "somebody:200000:65536\n", 0644).ok());
  REQUIRE(write_atomic(*this / "subgid", "somebody:300000:65536\n", 0644).ok());
  const int code = in_child([&] {
    if (!own_mounts() || !replace(*this / "subuid", "/etc/subuid") || !replace(*this / "subgid", "/etc/subgid"))
      return kSkip;
    if (!become_user()) return kSkip;
    auto maps = subordinate_maps();
    if (maps.ok() || maps.error().code != Code::kUnavailable) return 1;
    if (maps.error().text != "user creeltest has no subordinate user IDs in /etc/subuid") return say(maps.error(), 2);
    if (maps.error().hint.find("creeltest:365536:65536 to /etc/subuid") == std::string::npos)
      return say(maps.error(), 3);
    return enter(Identity::kUser, path()).ok() ? 4 : 0;
  });
  if (skipped(code)) return;
  CHECK(code == 0);
}

TEST_CASE_FIXTURE(OpenDir, "no newuidmap, or one that refuses: the error says what is missing") {
  const int absent = in_child([&] {
    if (!own_mounts() || !replace("/dev/null", "/usr/bin/newgidmap")) return kSkip;
    if (!become_user() || !subordinate_maps().ok()) return kSkip;
    auto entered = enter(Identity::kUser, path());
    if (entered.ok() || entered.error().code != Code::kUnavailable) return 1;
    if (entered.error().text.rfind("newgidmap is not installed", 0) != 0) return say(entered.error(), 2);
    return entered.error().hint.find("apt-get install uidmap") == std::string::npos ? 3 : 0;
  });
  if (!skipped(absent)) CHECK(absent == 0);
  REQUIRE(write_atomic(*this / "refuses", "#!/bin/sh\nexit 1\n", 0755).ok());
  const int refused = in_child([&] {
    if (!own_mounts() || !replace(*this / "refuses", "/usr/bin/newuidmap")) return kSkip;
    if (!become_user() || !subordinate_maps().ok()) return kSkip;
    auto entered = enter(Identity::kUser, path());
    if (entered.ok() || entered.error().code != Code::kUnavailable) return 1;
    return entered.error().text.rfind("newuidmap refused", 0) != 0 ? say(entered.error(), 2) : 0;
  });
  if (!skipped(refused)) CHECK(refused == 0);
}
