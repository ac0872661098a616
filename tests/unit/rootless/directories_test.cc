#include "rootless/directories.h"

#include <doctest/doctest.h>

#include "tests/unit/base/support.h"

using namespace creel;
using namespace creel::rootless;
using namespace creel::test;

namespace {

// A UID that no account has: its /tmp/creel-UID is this test's alone.
constexpr uid_t kStranger = 54321;
const std::string kFallback = "/tmp/creel-54321";

// Runs as that user, with an environment as bare as cron's; 77: not root, so it cannot.
template <typename Work>
int as_stranger(const Work& work) {
  if (geteuid() != 0) return 77;
  return in_child([&] {
    if (setresgid(kStranger, kStranger, kStranger) != 0 || setresuid(kStranger, kStranger, kStranger) != 0) return 99;
    for (const char* name : {"XDG_RUNTIME_DIR", "XDG_DATA_HOME", "HOME"}) unsetenv(name);
    umask(022);
    return work();
  });
}

// What directories() says there; 0 is success, else 1 + the code.
int fallback_result() {
  auto out = directories(Identity::kUser, "/nowhere", "");
  if (!out.ok()) return out.error().hint.empty() ? 98 : 1 + static_cast<int>(out.error().code);
  return out->runtime == kFallback ? 0 : 97;
}

struct Fallback {
  Fallback() { clear(); }
  ~Fallback() { clear(); }
  static void clear() {
    auto tmp = open_file("/tmp", O_RDONLY | O_DIRECTORY);
    if (geteuid() == 0) (void)remove_tree_at(tmp->get(), kFallback.substr(5)).ok();
  }
};

constexpr int kRefused = 1 + static_cast<int>(Code::kDenied);

}  // namespace

TEST_CASE_FIXTURE(Fallback, "no XDG_RUNTIME_DIR: a private directory in /tmp, made or found") {
  const int code = as_stranger(fallback_result);
  if (code == 77) {
    MESSAGE("skipped: needs root to become another user");
    return;
  }
  CHECK(code == 0);
  CHECK(mode_of(kFallback) == 0700);
  CHECK(as_stranger(fallback_result) == 0);
}

TEST_CASE_FIXTURE(Fallback, "what others may have put into /tmp is refused") {
  if (geteuid() != 0) {
    MESSAGE("skipped: needs root to become another user");
    return;
  }
  SUBCASE("another's directory") {
    REQUIRE(mkdir(kFallback.c_str(), 0777) == 0);
  }
  SUBCASE("another's directory that we could use") {
    REQUIRE(mkdir(kFallback.c_str(), 0700) == 0);
    REQUIRE(chmod(kFallback.c_str(), 0777) == 0);
  }
  SUBCASE("a symbolic link to a directory of ours") {
    TempDir ours;
    REQUIRE(chown(ours.path().c_str(), kStranger, kStranger) == 0);
    REQUIRE(symlink(ours.path().c_str(), kFallback.c_str()) == 0);
    REQUIRE(lchown(kFallback.c_str(), kStranger, kStranger) == 0);
    CHECK(as_stranger(fallback_result) == kRefused);
  }
  SUBCASE("a file") {
    REQUIRE(write_atomic(kFallback, "x").ok());
  }
  SUBCASE("a directory of ours that others can write") {
    REQUIRE(mkdir(kFallback.c_str(), 0700) == 0);
    REQUIRE(chmod(kFallback.c_str(), 0770) == 0);
    REQUIRE(chown(kFallback.c_str(), kStranger, kStranger) == 0);
    CHECK(as_stranger(fallback_result) == kRefused);
    // Refused, not changed: it may be there for something else.
    CHECK(mode_of(kFallback) == 0770);
  }
  CHECK(as_stranger(fallback_result) == kRefused);
}

TEST_CASE("a runtime directory that others can write is refused, not closed") {
  TempDir dir;
  REQUIRE(mkdir((dir / "run").c_str(), 0700) == 0);
  REQUIRE(chmod((dir / "run").c_str(), 01777) == 0);
  auto out = directories(Identity::kUser, "/s", dir / "run");
  REQUIRE(!out.ok());
  CHECK(out.error().code == Code::kDenied);
  CHECK(mode_of(dir / "run") == 01777);
}

TEST_CASE("environment and flags") {
  TempDir dir;
  const int code = in_child([&] {
    setenv("XDG_RUNTIME_DIR", dir.path().c_str(), 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    setenv("HOME", "/home/x", 1);
    auto out = directories(Identity::kUser, "", "");
    if (!out.ok() || out->store != "/data/creel" || out->runtime != dir / "creel") return 1;
    if (mode_of(out->runtime) != 0700) return 2;
    // Relative: the XDG specification says to ignore it.
    setenv("XDG_DATA_HOME", "data", 1);
    out = directories(Identity::kUser, "", "");
    if (!out.ok() || out->store != "/home/x/.local/share/creel") return 3;
    out = directories(Identity::kUser, "/s", dir / "a/b/run");
    if (!out.ok() || out->store != "/s" || mode_of(dir / "a/b/run") != 0700) return 4;
    out = directories(Identity::kRoot, "", dir / "r");
    if (!out.ok() || out->store != "/var/lib/creel") return 5;
    return 0;
  });
  CHECK(code == 0);
  for (const char* relative : {"store", "./store", "../x"}) {
    CHECK(directories(Identity::kUser, relative, dir / "r").error().code == Code::kInvalid);
    CHECK(directories(Identity::kUser, "/s", relative).error().code == Code::kInvalid);
  }
}

TEST_CASE("another's XDG_RUNTIME_DIR, as after su, is not used") {
  if (geteuid() != 0) {
    MESSAGE("skipped: needs root to become another user");
    return;
  }
  Fallback clean;
  TempDir roots;
  const int code = as_stranger([&] {
    setenv("XDG_RUNTIME_DIR", roots.path().c_str(), 1);
    return fallback_result();
  });
  CHECK(code == 0);
}

TEST_CASE("no home directory anywhere") {
  const int code = as_stranger([] {
    if (user_name() != "54321") return 1;
    auto out = directories(Identity::kUser, "", kFallback);
    return !out.ok() && out.error().code == Code::kUnavailable && !out.error().hint.empty() ? 0 : 2;
  });
  Fallback::clear();
  CHECK((code == 0 || code == 77));
}

TEST_CASE("who we are") {
  CHECK(identity(true) == Identity::kInsideUserns);
  CHECK(identity(false) == (geteuid() == 0 ? Identity::kRoot : Identity::kUser));
}
