#include "engine/monitor/shared/record.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "engine/monitor/shared/liveness.h"
#include "tests/unit/monitor/temporary_dir.h"

using namespace creel;
using namespace creel::engine::monitor;

namespace {

StateRecord own_state() {
  StateRecord out;
  out.pid = getpid();
  out.start_time = process_start_time(getpid());
  out.monitor_pid = getpid();
  out.monitor_start_time = out.start_time;
  out.boot_id = boot_id();
  out.started_ns = 1234567890123456789;
  return out;
}

// A container's two directories.
struct Directories : TemporaryDir {
  std::string container = path + "/container", running = path + "/running";
  Directories() {
    REQUIRE(make_dirs(container).ok());
    REQUIRE(make_dirs(running).ok());
  }
  void state(const StateRecord& record) const { REQUIRE(write_atomic(running + "/state", encode(record)).ok()); }
  void exit(const ExitRecord& record) const { REQUIRE(write_atomic(container + "/exit", encode(record)).ok()); }
  void started(const std::string& text) const { REQUIRE(write_atomic(container + "/started", text).ok()); }
  [[nodiscard]] Observed observed() const { return observe(container, running); }
};

}  // namespace

TEST_CASE("records come back as they were written") {
  StateRecord state = own_state();
  state.paused = true;
  state.cgroup = "/user.slice/creel-1.scope/container";
  auto state_again = decode_state(encode(state));
  REQUIRE(state_again.has_value());
  CHECK(state_again->pid == state.pid);
  CHECK(state_again->start_time == state.start_time);
  CHECK(state_again->monitor_pid == state.monitor_pid);
  CHECK(state_again->monitor_start_time == state.monitor_start_time);
  CHECK(state_again->boot_id == state.boot_id);
  CHECK(state_again->started_ns == state.started_ns);
  CHECK(state_again->paused);
  CHECK(state_again->cgroup == state.cgroup);

  ExitRecord exit{137, 1, 2, true, "two\nlines\ncode 3"};
  auto exit_again = decode_exit(encode(exit));
  REQUIRE(exit_again.has_value());
  CHECK(exit_again->code == 137);
  CHECK(exit_again->started_ns == 1);
  CHECK(exit_again->finished_ns == 2);
  CHECK(exit_again->oom_killed);
  CHECK(exit_again->error == "two lines code 3");
}

TEST_CASE("records: what is none, and what a newer version may add") {
  CHECK(!decode_state("").has_value());
  CHECK(!decode_state("pid nonsense\n").has_value());
  CHECK(!decode_state("pid -1\n").has_value());
  CHECK(!decode_exit("").has_value());
  CHECK(!decode_exit("error something\n").has_value());
  CHECK(decode_state("future field\npid 7\n")->pid == 7);
  CHECK(decode_exit("code 0")->code == 0);
}

TEST_CASE("observe: created, running, exited") {
  Directories dirs;
  CHECK(dirs.observed().status == Status::kCreated);
  CHECK(observe(dirs.path + "/absent", dirs.path + "/absent").status == Status::kCreated);

  dirs.state(own_state());
  CHECK(dirs.observed().status == Status::kRunning);
  REQUIRE(dirs.observed().state.has_value());
  CHECK(dirs.observed().state->pid == getpid());
  StateRecord paused = own_state();
  paused.paused = true;
  dirs.state(paused);
  CHECK(dirs.observed().status == Status::kPaused);

  unlink((dirs.running + "/state").c_str());
  dirs.exit({3, 1, 2, false, {}});
  Observed ended = dirs.observed();
  CHECK(ended.status == Status::kExited);
  CHECK(ended.exit->code == 3);
}

TEST_CASE("observe: a PID that belongs to another process by now, or to another boot, is not the container") {
  Directories dirs;
  dirs.started(boot_id() + " 5\n");
  StateRecord recycled = own_state();
  ++recycled.start_time;
  dirs.state(recycled);
  CHECK(dirs.observed().status == Status::kExited);
  CHECK(dirs.observed().exit->code == 137);
  CHECK(dirs.observed().exit->started_ns == 5);

  StateRecord older = own_state();
  older.boot_id = "00000000-0000-0000-0000-000000000000";
  dirs.state(older);
  dirs.started(older.boot_id + " 5\n");
  CHECK(dirs.observed().status == Status::kExited);
  CHECK(dirs.observed().exit->code == 255);
  CHECK(!dirs.observed().exit->error.empty());
}

TEST_CASE("observe: while the monitor's lock is held the state is true, whatever the process table says") {
  Directories dirs;
  StateRecord state = own_state();
  ++state.start_time;
  dirs.state(state);
  dirs.started(boot_id() + " 5\n");
  auto lock = take_monitor_lock(dirs.running);
  REQUIRE(lock.ok());
  CHECK(dirs.observed().status == Status::kRunning);
  lock->reset();
  CHECK(dirs.observed().status == Status::kExited);
}

TEST_CASE("the monitor's lock: one holder, who can be found and waited for") {
  TemporaryDir dir;
  CHECK(!monitor_lives(dir.path));
  CHECK(!monitor_process(dir.path).has_value());
  auto lock = take_monitor_lock(dir.path);
  REQUIRE(lock.ok());
  CHECK(monitor_lives(dir.path));
  auto second = take_monitor_lock(dir.path);
  REQUIRE(!second.ok());
  CHECK(second.error().code == Code::kInUse);
  // The refused one has not spoilt the holder's name.
  CHECK(monitor_process(dir.path).has_value());
  lock->reset();
  CHECK(!monitor_lives(dir.path));
  CHECK(!monitor_process(dir.path).has_value());
  CHECK(take_monitor_lock(dir.path).ok());
}
