#include "engine/monitor/shared/runtime_program.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>

using namespace creel;
using namespace creel::engine::monitor;

namespace {

const RuntimeProgram kProgram{"other", "/usr/bin/other", {"--debug"}, "/run/creel/oci"};

std::string told(std::string_view log, std::string_view said = {}) {
  const Error error = runtime_error(kProgram, "create", log, said, 1);
  const char* kind = error.code == Code::kCommandAbsent ? "127 " : error.code == Code::kCannotInvoke ? "126 " : "125 ";
  return kind + error.text;
}

}  // namespace

TEST_CASE("another runtime's command line: path, flags, state, log, command") {
  CHECK(runtime_argv(kProgram, "log", {"delete", "--force", "id"}) ==
        std::vector<std::string>{"/usr/bin/other", "--debug", "--root", "/run/creel/oci", "--log", "log", "--log-format", "json",
                                 "delete", "--force", "id"});
}

TEST_CASE("another runtime's environment: ours, but for what is between us and our service manager") {
  setenv("NOTIFY_SOCKET", "/run/notify", 1);
  setenv("LISTEN_FDS", "1", 1);
  setenv("CREEL_TEST_KEPT", "1", 1);
  const std::vector<std::string> environment = runtime_environment();
  auto has = [&](const char* entry) { return std::count(environment.begin(), environment.end(), entry) == 1; };
  CHECK(has("CREEL_TEST_KEPT=1"));
  CHECK_FALSE(has("NOTIFY_SOCKET=/run/notify"));
  CHECK_FALSE(has("LISTEN_FDS=1"));
  for (const char* key : {"NOTIFY_SOCKET", "LISTEN_FDS", "CREEL_TEST_KEPT"}) unsetenv(key);
}

TEST_CASE("another runtime's errors: the last one of its log, with the exit code that it stands for") {
  // crun: message first.
  CHECK(told("{\"msg\":\"executable file `x` not found in $PATH: No such file or directory\",\"level\":\"error\",\"time\":\"t\"}\n") ==
        "127 other: executable file `x` not found in $PATH: No such file or directory");
  CHECK(told("{\"msg\":\"open executable: Permission denied\",\"level\":\"error\",\"time\":\"t\"}\n") ==
        "126 other: open executable: Permission denied");
  CHECK(told("{\"level\":\"error\",\"msg\":\"exec `/etc`: Is a directory\"}") == "126 other: exec `/etc`: Is a directory");
  // runc: level first, warnings before it, quotes within.
  CHECK(told("{\"error\":\"e\",\"level\":\"warning\",\"msg\":\"unable to get oom kill count\",\"time\":\"t\"}\n"
             "{\"level\":\"error\",\"msg\":\"exec: \\\"nosuch\\\": executable file not found in $PATH\",\"time\":\"t\"}\n") ==
        "127 other: exec: \"nosuch\": executable file not found in $PATH");
  CHECK(told("{\"level\":\"error\",\"msg\":\"cgroups are not there\",\"time\":\"t\"}") == "125 other: cgroups are not there");
}

TEST_CASE("another runtime's errors: without a log its last words, without those its exit code") {
  CHECK(told("", "a warning\nit broke\n") == "125 other: it broke");
  CHECK(told("") == "125 other: create failed with exit code 1");
  // Not JSON, and cut off.
  CHECK(told("plain words\n") == "125 other: plain words");
  CHECK(told("{\"level\":\"error\",\"msg\":\"cut o") == "125 other: cut o");
  // A container's words must not paint on the terminal.
  CHECK(told("{\"level\":\"error\",\"msg\":\"a\\u001b[31mb\\nc\"}") == "125 other: a?[31mb c");
}
