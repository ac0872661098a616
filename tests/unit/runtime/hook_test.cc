#include "engine/runtime/child/hook.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

HookStep shell(const std::string& script) { return {"/bin/sh", {"hook", "-c", script}, {"PATH=/usr/bin:/bin"}, 0}; }

}  // namespace

TEST_CASE("a hook has the state on its stdin, its own environment, and no descriptor of ours") {
  setenv("CREEL_TEST_SECRET", "leaked", 1);
  const Fd ours(open("/", O_RDONLY | O_DIRECTORY));  // not close-on-exec
  const std::string state = "{\"id\":\"x\"," + std::string(200000, ' ') + "\"pid\":7}";
  auto done = run_hook(shell("[ \"$(wc -c)\" -eq " + std::to_string(state.size()) +
                             " ] && [ -z \"$CREEL_TEST_SECRET\" ] && [ ! -e /proc/self/fd/" + std::to_string(ours.get()) + " ]"),
                       state);
  CHECK_MESSAGE(done.ok(), (done.ok() ? "" : done.error().text));
  unsetenv("CREEL_TEST_SECRET");
}

TEST_CASE("a hook that fails: its name, its code, the end of what it wrote") {
  auto failed = run_hook(shell("echo before; for i in $(seq 2000); do echo line; done; echo why >&2; exit 3"), "{}");
  REQUIRE(!failed.ok());
  CHECK(failed.error().text.find("hook /bin/sh: exit code 3: ") == 0);
  CHECK(failed.error().text.find("why") != std::string::npos);
  CHECK(failed.error().text.find("before") == std::string::npos);
  CHECK(run_hook(shell("kill -9 $$"), "{}").error().text.find("killed by signal 9") != std::string::npos);
  CHECK(run_hook({"/no/such/hook", {}, {}, 0}, "{}").error().text == "hook /no/such/hook: exit code 127: No such file or directory");
}

TEST_CASE("a hook that takes too long is killed, with what it has started") {
  HookStep slow = shell("sleep 1000 & wait");
  slow.timeout_s = 1;
  CHECK(run_hook(slow, "{}").error().text == "hook /bin/sh: it has not ended within 1 s, and was killed");
}

TEST_CASE("what a hook leaves behind is not waited for") {
  CHECK(run_hook(shell("sleep 5 & exit 0"), "{}").ok());
  CHECK(run_hook({"/bin/true", {}, {}, 0}, "").ok());
}

TEST_CASE("a state from its template") {
  CHECK(state_text("{\"pid\":@PID@,\"status\":\"@STATUS@\"}", 12, "created") == "{\"pid\":12,\"status\":\"created\"}");
}

TEST_CASE("a hook whose file is the container's: what was looked at is executed, script or program, and never this program") {
  const OwnProgram own = own_program();
  auto done = run_hook(shell("exit 4"), "{}", &own);
  CHECK(done.error().text.find("exit code 4") != std::string::npos);
  CHECK(run_hook({"/proc/self/exe", {"x", "--help"}, {}, 0}, "{}", &own).error().text == "hook /proc/self/exe: exit code 127: Permission denied");
  char dir[] = "/tmp/creel-unit-hook-XXXXXX";
  REQUIRE(mkdtemp(dir) != nullptr);
  const std::string script = std::string(dir) + "/script", second = std::string(dir) + "/second";
  REQUIRE(write_atomic(script, "#!/bin/sh -e\n[ \"$0 $1 $#\" = \"" + script + " one 1\" ]\ncase $- in *e*) ;; *) exit 9 ;; esac\n", 0755).ok());
  done = run_hook({script, {"name", "one"}, {"PATH=/usr/bin:/bin"}, 0}, "{}", &own);
  CHECK_MESSAGE(done.ok(), (done.ok() ? "" : done.error().text));
  REQUIRE(write_atomic(second, "#!/proc/self/exe\n", 0755).ok());
  CHECK(run_hook({second, {}, {}, 0}, "{}", &own).error().text.find("Permission denied") != std::string::npos);
  REQUIRE(write_atomic(second, "#!/bin/sh\nexit 0\n", 0644).ok());
  CHECK(run_hook({second, {}, {}, 0}, "{}", &own).error().text.find("Permission denied") != std::string::npos);
  auto parent = open_file("/tmp", O_RDONLY | O_DIRECTORY);
  REQUIRE(parent.ok());
  CHECK(remove_tree_at(parent->get(), dir + 5).ok());
}
