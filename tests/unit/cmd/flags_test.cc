#include "cmd/flags.h"

#include <doctest/doctest.h>

#include "cmd/unbuilt.h"

using creel::Code;
using creel::cmd::Flags;

namespace {

struct Parsed {
  bool detach = false, tty = false, interactive = false;
  std::optional<bool> maybe;
  std::string name = "default";
  std::optional<std::string> pull;
  std::int64_t last = -1;
  std::vector<std::string> ports, env, args;
  creel::Result<void> result;
  bool help = false;
  bool name_given = false;

  explicit Parsed(const std::vector<std::string>& argv, bool passthrough = true) {
    Flags flags;
    flags.flag("-d,--detach", detach, "");
    flags.flag("-t,--tty", tty, "");
    flags.flag("-i,--interactive", interactive, "");
    flags.flag("--maybe", maybe, "");
    flags.value("--name", name, "string", "");
    flags.value("--pull", pull, "policy", "").implied("always");
    flags.integer("-n,--last", last, "int", "");
    flags.list("-p,--publish", ports, "strings", "").csv();
    flags.list("-e,--env", env, "stringArray", "");
    flags.arguments(args, passthrough);
    result = flags.parse(argv, "run");
    help = flags.help_requested();
    name_given = flags.given("--name");
  }
};

std::string error_of(const std::vector<std::string>& argv) {
  const Parsed parsed(argv);
  REQUIRE(!parsed.result.ok());
  return parsed.result.error().text;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("flags are read as pflag reads them") {
  const Parsed a(
      {"-it", "-dp8080:80", "--name", "x", "-p=1:2", "--publish=3:4,5:6", "-n", "3", "img", "-e", "K", "--name"});
  REQUIRE(a.result.ok());
  CHECK(a.tty);
  CHECK(a.interactive);
  CHECK(a.detach);
  CHECK(a.ports == Words{"8080:80", "1:2", "3:4", "5:6"});
  CHECK(a.last == 3);
  CHECK(a.name == "x");
  CHECK(a.name_given);
  CHECK(a.args == Words{"img", "-e", "K", "--name"});
  CHECK(a.env.empty());

  const Parsed b({"--detach=false", "-t=true", "--maybe=0", "-e", "-x", "-eA=1,2", "--pull", "img"});
  REQUIRE(b.result.ok());
  CHECK(!b.detach);
  CHECK(b.tty);
  CHECK(b.maybe == false);
  CHECK(b.env == Words{"-x", "A=1,2"});
  CHECK(b.pull == "always");
  CHECK(b.args == Words{"img"});
  CHECK(!b.name_given);

  CHECK(Parsed({"--pull=never"}).pull == "never");
  CHECK(Parsed({"--", "-d"}).args == Words{"-d"});
  CHECK(Parsed({"img", "--", "-d"}).args == Words{"img", "--", "-d"});
  CHECK(Parsed({"-"}).args == Words{"-"});
  CHECK(Parsed({"--name="}).name.empty());
  CHECK(Parsed({"-p", "\"a,b\",c"}).ports == Words{"a,b", "c"});

  const Parsed mixed({"a", "-d", "b", "--", "-t"}, false);
  REQUIRE(mixed.result.ok());
  CHECK(mixed.detach);
  CHECK(!mixed.tty);
  CHECK(mixed.args == Words{"a", "b", "-t"});
}

TEST_CASE("help is asked for with --help and, where free, -h") {
  CHECK(Parsed({"--help"}).help);
  CHECK(Parsed({"-ih"}).help);
  CHECK(!Parsed({"img", "--help"}).help);
}

TEST_CASE("mistakes get pflag's texts") {
  CHECK(error_of({"--nmae", "x"}) == "unknown flag: --nmae");
  CHECK(Parsed({"--nmae"}).result.error().hint == "Did you mean --name?\nSee 'creel run --help'");
  CHECK(Parsed({"--zzzzzzzz"}).result.error().hint == "See 'creel run --help'");
  CHECK(error_of({"-iX"}) == "unknown shorthand flag: 'X' in -iX");
  CHECK(error_of({"--name"}) == "flag needs an argument: --name");
  CHECK(error_of({"-dn"}) == "flag needs an argument: 'n' in -dn");
  CHECK(error_of({"--=x"}) == "bad flag syntax: --=x");
  CHECK(error_of({"-n", "x"}) ==
        "invalid argument \"x\" for \"-n, --last\" flag: strconv.ParseInt: parsing \"x\": invalid syntax");
  CHECK(error_of({"--detach=maybe"}) ==
        "invalid argument \"maybe\" for \"-d, --detach\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax");
}

TEST_CASE("what others have and we do not is refused by name") {
  const Parsed parsed({"--gpus", "all"});
  REQUIRE(!parsed.result.ok());
  CHECK(parsed.result.error().code == Code::kUnsupported);
  CHECK(parsed.result.error().text == "--gpus is not supported: give the container the files of the GPU with --device");
  CHECK(error_of({"--cgroup-manager=systemd"}) == "--cgroup-manager is not built yet");
  CHECK(error_of({"-m", "1g"}) == "-m is not built yet");
  using creel::cmd::known_command;
  using creel::cmd::known_flag;
  CHECK(known_command("build"));
  CHECK(known_command("image build"));
  CHECK(known_command("network"));
  CHECK(!known_command(""));
  CHECK(!known_command("fuild"));
  CHECK(known_flag("container run", "--memory"));
  CHECK(known_flag("", "-H"));
  CHECK(!known_flag("ps", "-H"));
  CHECK(!known_flag("", "--memory"));
}

TEST_CASE("a command without arguments refuses one") {
  Flags flags;
  bool all = false;
  flags.flag("-a,--all", all, "");
  auto result = flags.parse({"x"}, "ps");
  REQUIRE(!result.ok());
  CHECK(result.error().text == "`creel ps` takes no arguments");
}
