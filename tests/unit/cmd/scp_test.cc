// Where image scp takes an image, and with which command lines.
#include "cmd/image/scp.h"

#include <doctest/doctest.h>

using namespace creel;
using namespace creel::cmd;

namespace {
using Words = std::vector<std::string>;
}  // namespace

TEST_CASE("image scp: ends") {
  CHECK(parse_scp_end("me@build::app:1")->host == "me@build");
  CHECK(parse_scp_end("me@build::app:1")->image == "app:1");
  CHECK(parse_scp_end("me@build::")->image == "");
  CHECK(parse_scp_end("ssh://me@build:2222::x")->host == "me@build:2222");
  CHECK(parse_scp_end("localhost:5000/a/b:1")->host == "");
  CHECK(parse_scp_end("-oProxyCommand=x::y").error().code == Code::kInvalid);
  CHECK(parse_scp_end("ssh://-oProxyCommand=x::y").error().code == Code::kInvalid);
  CHECK(parse_scp_end("::y").error().code == Code::kInvalid);
  CHECK(parse_scp_end("host::--help").error().code == Code::kInvalid);
  CHECK(parse_scp_end("").error().code == Code::kInvalid);
}

TEST_CASE("image scp: command lines") {
  const Words self = {"/usr/bin/creel", "--root", "/s"};
  CHECK(scp_argv({"", "x"}, self, {"load"}, false) == Words{"/usr/bin/creel", "--root", "/s", "load"});
  CHECK(scp_argv({"me@build", "x"}, self, {"save", "it's"}, false) ==
        Words{"ssh", "--", "me@build", "creel 'save' 'it'\\''s'"});
  CHECK(scp_argv({"build:2222", "x"}, self, {"load"}, false) ==
        Words{"ssh", "-p", "2222", "--", "build", "creel 'load'"});
  CHECK(scp_argv({"you@localhost", "x"}, self, {"load"}, true) == Words{"runuser", "-l", "you", "-c", "creel 'load'"});
  CHECK(scp_argv({"you@localhost", "x"}, self, {"load"}, false) == Words{"sudo", "-i", "-u", "you", "creel", "load"});
}
