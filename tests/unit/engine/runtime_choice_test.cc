#include "engine/container/runtime_choice.h"

#include <doctest/doctest.h>

using namespace creel;
using namespace creel::engine;

namespace {

std::string chosen(const std::string& asked, const EngineConfiguration& configuration = {}) {
  auto choice = choose_runtime(asked, configuration);
  return choice.ok() ? choice->name + " " + choice->path : choice.error().text;
}

}  // namespace

TEST_CASE("runtime: Creel's own unless something else is asked for") {
  CHECK(chosen("") == "creel ");
  CHECK(chosen("creel") == "creel ");
  EngineConfiguration configuration;
  configuration.runtime = "creel";
  CHECK(chosen("", configuration) == "creel ");
}

TEST_CASE("runtime: by path, by a name of the configuration, by $PATH") {
  CHECK(chosen("/bin/sh") == "/bin/sh /bin/sh");
  CHECK(chosen("true").rfind("true /", 0) == 0);
  EngineConfiguration configuration;
  configuration.runtime = "mine";
  configuration.runtimes["mine"] = {"/no/such/program", "/bin/sh", "/bin/cat"};
  CHECK(chosen("", configuration) == "mine /bin/sh");
  CHECK(chosen("/bin/cat", configuration) == "/bin/cat /bin/cat");
  CHECK(chosen("creel", configuration) == "creel ");
  // Somebody's own by that name.
  configuration.runtimes["creel"] = {"/bin/cat"};
  CHECK(chosen("creel", configuration) == "creel /bin/cat");
}

TEST_CASE("runtime: errors say where it was looked for") {
  CHECK(chosen("no-such-runtime") == "OCI runtime \"no-such-runtime\" not found in $PATH");
  CHECK(chosen("/no/such") == "OCI runtime /no/such not found");
  CHECK(chosen("/etc/passwd") == "OCI runtime /etc/passwd is not a program that this user may execute");
  CHECK(chosen("bin/sh") == "OCI runtime \"bin/sh\": a name or an absolute path is expected");
  EngineConfiguration configuration;
  configuration.runtimes["no-such-runtime"] = {"/a", "/b"};
  CHECK(chosen("no-such-runtime", configuration) == "OCI runtime \"no-such-runtime\" not found in /a, /b, $PATH");
}
