#include "base/lock.h"

#include <doctest/doctest.h>

#include "base/process.h"
#include "tests/unit/base/support.h"

using namespace creel;
using namespace creel::test;

TEST_CASE("a lock dies with its holder, whatever killed it") {
  TempDir dir;
  const std::string path = dir / "lock";
  Signal held;
  const pid_t holder = start_child([&] {
    auto lock = FileLock::acquire(path);
    if (!lock.ok()) return 1;
    held.say();
    pause();
    return 0;
  });
  held.await();
  auto refused = FileLock::try_acquire(path);
  REQUIRE(refused.ok());
  CHECK(!refused->has_value());
  CHECK(!FileLock::try_acquire(path, FileLock::Kind::kShared)->has_value());
  kill(holder, SIGKILL);
  CHECK(wait_status(holder) == 128 + SIGKILL);
  auto taken = FileLock::try_acquire(path);
  REQUIRE(taken.ok());
  CHECK(taken->has_value());
  CHECK(mode_of(path) == 0600);
}

TEST_CASE("acquire waits for the holder and is woken by its death") {
  TempDir dir;
  const std::string path = dir / "lock";
  auto lock = FileLock::acquire(path);
  REQUIRE(lock.ok());
  const pid_t waiter = start_child([&] { return FileLock::acquire(path).ok() ? 7 : 1; });
  // flock follows the open file description, which the child has a copy of: closing ours alone does not release.
  // The child's own acquire opens the file anew and waits for both copies.
  const Fd ours = std::move(*lock).release();
  kill(waiter, SIGKILL);
  CHECK(wait_status(waiter) == 128 + SIGKILL);
  CHECK(!FileLock::try_acquire(path)->has_value());

  Signal held;
  const pid_t holder = start_child([&] {
    auto mine = FileLock::acquire(dir / "other");
    held.say();
    pause();
    return 0;
  });
  held.await();
  const pid_t patient = start_child([&] { return FileLock::acquire(dir / "other").ok() ? 7 : 1; });
  kill(holder, SIGKILL);
  CHECK(wait_status(patient) == 7);
  wait_status(holder);
}

TEST_CASE("shared locks go together, an exclusive one does not") {
  TempDir dir;
  auto one = FileLock::try_acquire_at(dir.fd(), "l", FileLock::Kind::kShared);
  auto two = FileLock::try_acquire_at(dir.fd(), "l", FileLock::Kind::kShared);
  REQUIRE(one.ok());
  REQUIRE(two.ok());
  CHECK(one->has_value());
  CHECK(two->has_value());
  CHECK(!FileLock::try_acquire_at(dir.fd(), "l")->has_value());
}

TEST_CASE("who waited for a lock whose file was deleted meanwhile gets the new file's") {
  TempDir dir;
  const std::string path = dir / "lock";
  Signal held, go;
  const pid_t holder = start_child([&] {
    auto lock = FileLock::acquire(path);
    held.say();
    go.await();
    unlink(path.c_str());
    return 0;
  });
  held.await();
  const pid_t waiter = start_child([&] {
    auto lock = FileLock::acquire(path);
    if (!lock.ok()) return 1;
    // A lock on a nameless file would let a second one in.
    auto second = FileLock::try_acquire(path);
    return second.ok() && !second->has_value() ? 7 : 2;
  });
  go.say();
  CHECK(wait_status(holder) == 0);
  CHECK(wait_status(waiter) == 7);
}

TEST_CASE("a lock passes to a program with its descriptor") {
  TempDir dir;
  auto lock = FileLock::acquire(dir / "l");
  REQUIRE(lock.ok());
  SpawnRequest request;
  request.path = "cat";
  request.argv = {"cat"};
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  Fd read_end(ends[0]), write_end(ends[1]);
  request.fds = {{read_end.get(), 0}, {lock->fd(), 5}};
  auto process = spawn(request);
  REQUIRE(process.ok());
  { const Fd gone = std::move(*lock).release(); }
  CHECK(!FileLock::try_acquire(dir / "l")->has_value());
  write_end.reset();
  CHECK(*process->wait() == 0);
  CHECK(FileLock::try_acquire(dir / "l")->has_value());
}

TEST_CASE("a lock that cannot be made says where") {
  auto lock = FileLock::acquire("/no/such/dir/lock");
  REQUIRE(!lock.ok());
  CHECK(lock.error().text.find("/no/such/dir/lock") != std::string::npos);
  CHECK(lock.error().code == Code::kNotFound);
}
