#include "base/account.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

using namespace creel;

TEST_CASE("lines of passwd(5)") {
  const auto account = parse_account("web:x:1000:100:Web,,,:/home/web:/bin/sh");
  REQUIRE(account.has_value());
  CHECK(account->name == "web");
  CHECK(account->uid == 1000);
  CHECK(account->gid == 100);
  CHECK(account->comment == "Web,,,");
  CHECK(account->home == "/home/web");
  CHECK(account->shell == "/bin/sh");
  for (const char* bad : {"", "#", "web:x:1000:100::/", ":x:0:0:::", "web:x:-1:0:::", "web:x:4294967295:0:::", "web:x::0:::", "+@group::::::"}) {
    CAPTURE(bad);
    CHECK(!parse_account(bad).has_value());
  }
}

TEST_CASE("root is known by name and by number") {
  CHECK(find_account("root")->uid == 0);
  CHECK(find_account("0")->name == "root");
  CHECK(find_account(uid_t{0})->name == "root");
  CHECK(find_account("no-such-user-here").error().code == Code::kNotFound);
  CHECK(find_account("--help").error().code == Code::kNotFound);
  CHECK(find_account("").error().code == Code::kNotFound);
}

TEST_CASE("whom only the name service knows is found by getent") {
  char directory[] = "/tmp/account-test-XXXXXX";
  REQUIRE(mkdtemp(directory) != nullptr);
  const std::string program = std::string(directory) + "/getent";
  std::ofstream(program) << "#!/bin/sh\n"
                            "case \"$2\" in afar|70001) echo 'afar:*:70001:70001:From afar:/net/afar:/bin/zsh';; *) exit 2;; esac\n";
  chmod(program.c_str(), 0755);
  const std::string path = getenv("PATH");
  setenv("PATH", (std::string(directory) + ":" + path).c_str(), 1);
  CHECK(find_account("afar")->home == "/net/afar");
  CHECK(find_account(uid_t{70001})->name == "afar");
  CHECK(find_account("70001")->name == "afar");
  CHECK(!find_account(uid_t{70002}).ok());
  setenv("PATH", path.c_str(), 1);
  unlink(program.c_str());
  rmdir(directory);
}
