#include "cmd/command.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/file.h"

namespace {

struct Outcome {
  int code = -1;
  std::string out, err;
};

// run_command_line() in a child, as a shell would run creel. The outputs here are far below a pipe's capacity.
Outcome creel_with(std::vector<std::string> arguments, const char* out_path = nullptr) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  REQUIRE(pipe2(out.data(), O_CLOEXEC) == 0);
  REQUIRE(pipe2(err.data(), O_CLOEXEC) == 0);
  std::fflush(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(out_path != nullptr ? open(out_path, O_WRONLY | O_CLOEXEC) : out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    arguments.insert(arguments.begin(), "creel");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int code = creel::cmd::run_command_line(static_cast<int>(arguments.size()), argv.data());
    std::fflush(nullptr);
    _exit(code);
  }
  close(out[1]);
  close(err[1]);
  Outcome outcome;
  outcome.out = creel::read_all(out[0]).value();
  outcome.err = creel::read_all(err[0]).value();
  close(out[0]);
  close(err[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

void check_refused(const std::vector<std::string>& arguments, const std::string& text) {
  const Outcome outcome = creel_with(arguments);
  CHECK(outcome.code == 125);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == text);
}

}  // namespace

TEST_CASE("unknown commands, with what may have been meant") {
  check_refused({"xyzzyx"}, "Error: unrecognized command `creel xyzzyx`\nTry 'creel --help' for more information\n");
  check_refused({"imagse"},
                "Error: unrecognized command `creel imagse`\n\nDid you mean this?\n\timage\n\timages\n\n"
                "Try 'creel --help' for more information\n");
  check_refused({"container", "strat"},
                "Error: unrecognized command `creel container strat`\n\nDid you mean this?\n\tstart\n\tstats\n\n"
                "Try 'creel container --help' for more information\n");
  check_refused({"container"},
                "Error: missing command 'creel container COMMAND'\n"
                "Try 'creel container --help' for more information\n");
}

TEST_CASE("what is known but not built is refused by name") {
  check_refused({"build", "."}, "Error: creel build is not built yet\n");
  check_refused({"network", "create", "x"}, "Error: creel network create is not built yet\n");
  check_refused({"network"}, "Error: creel network is not built yet\n");
  check_refused({"image", "build"}, "Error: creel image build is not built yet\n");
  check_refused({"--network-cmd-path", "x", "images"}, "Error: --network-cmd-path is not built yet\n");
  check_refused({"images", "--network-cmd-path", "x"}, "Error: --network-cmd-path is not built yet\n");
  check_refused({"run", "--chrootdirs", "/x", "i"}, "Error: --chrootdirs is not supported: /etc/hosts and its like are mounted beneath / only\n");
}

TEST_CASE("flags and arguments that are wrong") {
  check_refused({"--rot", "/x"}, "Error: unknown flag: --rot\nDid you mean --root?\nSee 'creel --help'\n");
  check_refused({"images", "--fromat", "json"},
                "Error: unknown flag: --fromat\nDid you mean --format?\nSee 'creel images --help'\n");
  check_refused({"images", "-X"}, "Error: unknown shorthand flag: 'X' in -X\nSee 'creel images --help'\n");
  check_refused({"images", "a", "b"}, "Error: accepts at most 1 arg(s), received 2\nSee 'creel images --help'\n");
  check_refused({"tag", "x"}, "Error: requires at least 2 arg(s), only received 1\nSee 'creel tag --help'\n");
  check_refused({"image", "exists"}, "Error: accepts 1 arg(s), received 0\nSee 'creel image exists --help'\n");
  check_refused({"version", "x"}, "Error: `creel version` takes no arguments\n");
  check_refused({"rmi"}, "Error: image name or ID must be specified\n");
  check_refused({"inspect"}, "Error: no names or ids specified\n");
  check_refused({"inspect", "-t", "network", "x"}, "Error: inspect --type network is not built yet\n");
  check_refused({"--log-level", "loud", "images"},
                "Error: log level \"loud\" is not supported, choose from: trace, debug, info, warn, warning, error, "
                "fatal, panic\n");
  check_refused({"version", "--format", "{{.Client.Nope}}"},
                "Error: template: at <.Client.Nope>: can't evaluate field Nope\n");
}

TEST_CASE("container commands: what cannot stand together, before anything is done") {
  for (const char* command : {"stop", "kill", "rm"}) {
    check_refused({command}, "Error: you must provide at least one name or id\n");
    check_refused({command, "-a", "x"}, "Error: no arguments are needed with --all\n");
    check_refused({command, "-a", "-l"}, "Error: --all and --latest cannot be used together\n");
    check_refused({command, "-a", "--cidfile", "x"}, "Error: --all, --latest, and --cidfile cannot be used together\n");
  }
  check_refused({"stop", "-f", "name=x", "y"}, "Error: --filter takes no arguments\n");
  check_refused({"stop", "-t", "soon", "x"},
                "Error: invalid argument \"soon\" for \"-t, --time\" flag: strconv.ParseInt: parsing \"soon\": invalid "
                "syntax\nSee 'creel stop --help'\n");
  check_refused(
      {"stop", "-t", "-1", "x"},
      "Error: invalid argument \"-1\" for \"-t, --time\" flag: a number of seconds between 0 and 2147483647 is "
      "expected\n");
  check_refused({"rm", "-t", "1", "x"}, "Error: --force option must be specified to use the --time option\n");
  check_refused({"start", "-a", "x", "y"}, "Error: you cannot start and attach multiple containers at once\n");
  const Outcome keys = creel_with({"start", "-a", "--detach-keys", "nonsense-key", "x"});
  CHECK(keys.code == 125);
  CHECK(keys.err.starts_with("Error: invalid detach keys \"nonsense-key\": "));
  check_refused({"wait", "--condition", "foo", "x"}, "Error: unknown container state: foo: invalid argument\n");
  check_refused({"port"}, "Error: you must supply a running container name or id\n");
  check_refused({"ps", "-l", "-n", "2"}, "Error: last and latest are mutually exclusive\n");
  check_refused({"ps", "--sort", "foo"},
                "Error: invalid argument \"foo\" for \"--sort\" flag: \"foo\" is not a valid value.  Choose from: "
                "\"command, created, id, image, names, runningfor, size, status\"\nSee 'creel ps --help'\n");
  check_refused({"logs", "--tail", "x", "y"},
                "Error: invalid argument \"x\" for \"--tail\" flag: a number or all is expected\nSee 'creel logs "
                "--help'\n");
}

TEST_CASE("container commands: flags that are not built are refused by name") {
  const std::string gpus = "Error: --gpus is not supported: give the container the files of the GPU with --device\n";
  check_refused({"run", "--gpus", "all", "img"}, gpus);
  check_refused({"create", "--gpus", "all", "img"}, gpus);
  check_refused({"run", "--pod", "x", "img"}, "Error: --pod is not built yet\n");
  check_refused({"container", "start", "--checkpoint", "x", "c"},
                "Error: --checkpoint is not supported: a process can be saved and restored with rights of the host's root only\n");
  check_refused({"create", "-d", "img"}, "Error: unknown shorthand flag: 'd' in -d\nSee 'creel create --help'\n");
}

TEST_CASE("help and version go to stdout with exit code 0") {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"--help"},
                                                    {"-h"},
                                                    {"help"},
                                                    {"images", "--help"},
                                                    {"images", "x", "-h"},
                                                    {"help", "images"},
                                                    {"image", "--help"},
                                                    {"help", "image"},
                                                    {"help", "image", "ls"},
                                                    {"--version"},
                                                    {"-v"},
                                                    {"version"},
                                                    {"version", "--format", "json"},
                                                    {"--log-level=debug", "version"},
                                                    {"version", "--root", "/x"}}) {
    const Outcome outcome = creel_with(arguments);
    CHECK(outcome.code == 0);
    CHECK(!outcome.out.empty());
    CHECK(outcome.err.empty());
  }
  CHECK(creel_with({"-v"}).out == "creel version " CREEL_VERSION "\n");
  CHECK(creel_with({"version", "--format", "{{.Client.Version}}"}).out == CREEL_VERSION "\n");
}

TEST_CASE("output that could not be written is an error") {
  const Outcome outcome = creel_with({"version"}, "/dev/full");
  CHECK(outcome.code == 125);
  CHECK(outcome.err.starts_with("Error: writing the output: "));
}
