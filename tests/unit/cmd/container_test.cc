// What the container commands print, and how their flags become a request.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cmd/container/create_flags.h"
#include "cmd/container/log_printer.h"
#include "cmd/container/ps_document.h"
#include "cmd/container/ps_text.h"
#include "cmd/container/seconds.h"
#include "cmd/container/stats_document.h"
#include "cmd/output/output.h"

using namespace creel;
using namespace creel::cmd;
using engine::monitor::LogLine;
using engine::monitor::Observed;
using engine::monitor::Status;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'795'577'857 * kSecond;

// Times are local; the test's zone is not the machine's.
struct Zone {
  explicit Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~Zone() {
    unsetenv("TZ");
    tzset();
  }
};

Observed running_since(std::int64_t ns) {
  Observed observed;
  observed.status = Status::kRunning;
  observed.state.emplace();
  observed.state->pid = 42;
  observed.state->started_ns = ns;
  return observed;
}

Observed ended(int code, std::int64_t at) {
  Observed observed;
  observed.status = Status::kExited;
  observed.exit.emplace();
  observed.exit->code = code;
  observed.exit->started_ns = at > 0 ? at - kSecond : 0;
  observed.exit->finished_ns = at;
  return observed;
}

net::PortMapping port(std::string ip, unsigned host, unsigned inside, std::string protocol = "tcp") {
  return {std::move(ip), static_cast<std::uint16_t>(host), static_cast<std::uint16_t>(inside), std::move(protocol)};
}

engine::Container container() {
  engine::Container out;
  out.record.id = std::string(60, 'a') + "bcde";
  out.record.name = "web";
  out.record.image = "localhost/busybox:latest";
  out.record.image_id = std::string(64, 'f');
  out.record.created_ns = kNow - 3 * 3600 * kSecond;
  out.record.command = R"(["sleep","1000"])";
  out.record.ports = R"([{"host_ip":"127.0.0.1","container_port":80,"host_port":8080,"range":1,"protocol":"tcp"}])";
  out.record.labels = R"({"a":"1"})";
  out.record.mounts = R"(["/data"])";
  out.record.networks = "[]";
  out.observed = running_since(kNow - 180 * kSecond);
  return out;
}

struct Streams {
  std::string out, err, both;
};

// What a LogPrinter writes to descriptors 1 and 2, in a child.
Streams printed(const std::vector<LogLine>& lines, const LogPrinter::Options& options) {
  Streams streams;
  for (const bool joined : {false, true}) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    REQUIRE(pipe2(out.data(), O_CLOEXEC) == 0);
    REQUIRE(pipe2(err.data(), O_CLOEXEC) == 0);
    std::fflush(nullptr);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      dup2(out[1], 1);
      dup2(joined ? out[1] : err[1], 2);
      LogPrinter printer(options);
      bool ok = true;
      for (const LogLine& line : lines) ok = ok && printer.print(line);
      _exit(ok && printer.flush().ok() ? 0 : 1);
    }
    close(out[1]);
    close(err[1]);
    (joined ? streams.both : streams.out) = read_all(out[0]).value();
    if (!joined) streams.err = read_all(err[0]).value();
    close(out[0]);
    close(err[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  return streams;
}

Result<engine::CreateOptions> parsed(const std::vector<std::string>& arguments) {
  CreateFlags create;
  Flags flags;
  create.declare(flags);
  TRY(flags.parse(arguments, "create"));
  return create.options();
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a container's status reads as Podman's") {
  CHECK(status_text(Observed(), kNow) == "Created");
  CHECK(status_text(running_since(kNow - 180 * kSecond), kNow) == "Up 3 minutes");
  CHECK(status_text(ended(0, kNow - 7200 * kSecond), kNow) == "Exited (0) 2 hours ago");
  CHECK(status_text(ended(137, 0), kNow) == "Exited (137)");
  Observed paused = running_since(kNow);
  paused.status = Status::kPaused;
  CHECK(status_text(paused, kNow) == "Paused");
}

TEST_CASE("a command is cut after 17 characters, between characters, and stays on its line") {
  CHECK(command_text({"sleep", "1000"}, false) == "sleep 1000");
  CHECK(command_text({"12345678901234567"}, false) == "12345678901234567");
  CHECK(command_text({"123456789012345678"}, false) == "12345678901234567...");
  CHECK(command_text({"123456789012345678"}, true) == "123456789012345678");
  CHECK(command_text({"1234567890123456\u00e9x"}, false) == "1234567890123456...");
  CHECK(command_text({"sh", "-c", "a\n\tb"}, false) == "sh -c a  b");
  CHECK(command_text({}, false).empty());
}

TEST_CASE("neighbouring ports are one range") {
  const auto text = [](std::vector<net::PortMapping> ports) { return ports_text(port_ranges(std::move(ports))); };
  CHECK(text({}).empty());
  CHECK(text({port("127.0.0.1", 8080, 80)}) == "127.0.0.1:8080->80/tcp");
  CHECK(text({port("", 8080, 80), port("127.0.0.1", 53, 53, "udp"), port("", 8001, 91), port("", 8000, 90),
              port("", 9000, 9000)}) ==
        "0.0.0.0:8000-8001->90-91/tcp, 0.0.0.0:8080->80/tcp, 0.0.0.0:9000->9000/tcp, 127.0.0.1:53->53/udp");
  // Not the same step, address or protocol.
  CHECK(text({port("", 80, 80), port("", 81, 90)}) == "0.0.0.0:80->80/tcp, 0.0.0.0:81->90/tcp");
  CHECK(text({port("", 80, 80), port("", 81, 81, "udp")}) == "0.0.0.0:80->80/tcp, 0.0.0.0:81->81/udp");
}

TEST_CASE("times are local, as Go writes them") {
  {
    const Zone utc("UTC0");
    CHECK(go_time(1795577756448664790) == "2026-11-25 03:35:56.44866479 +0000 UTC");
    CHECK(go_time(1795577756 * kSecond) == "2026-11-25 03:35:56 +0000 UTC");
    CHECK(log_time(1795577756000000001) == "2026-11-25T03:35:56.000000001Z");
  }
  const Zone east("IST-5:30");
  CHECK(go_time(1795577756 * kSecond) == "2026-11-25 09:05:56 +0530 IST");
  CHECK(log_time(1795577756448664794) == "2026-11-25T09:05:56.448664794+05:30");
}

TEST_CASE("ps: what templates and scripts see of a container") {
  const nlohmann::json row = ps_row(container(), false, kNow);
  CHECK(row["ID"] == "aaaaaaaaaaaa");
  CHECK(row["Names"] == "web");
  CHECK(row["State"] == "running");
  CHECK(row["Status"] == "Up 3 minutes");
  CHECK(row["CreatedHuman"] == "3 hours ago");
  CHECK(row["Ports"] == "127.0.0.1:8080->80/tcp");
  CHECK(row["Command"] == "sleep 1000");
  CHECK(row["Labels"]["a"] == "1");
  CHECK(ps_row(container(), true, kNow)["ID"].get<std::string>().size() == 64);

  const nlohmann::json document = ps_document(container(), kNow);
  CHECK(document["Id"].get<std::string>().size() == 64);
  CHECK(document["Names"] == nlohmann::json::array({"web"}));
  CHECK(document["Command"] == nlohmann::json::array({"sleep", "1000"}));
  CHECK(document["Created"] == 1795577857 - 3 * 3600);
  CHECK(document["StartedAt"] == 1795577857 - 180);
  CHECK(document["ExitedAt"] == -62135596800);
  CHECK(document["Exited"] == false);
  CHECK(document["Pid"] == 42);
  CHECK(document["Ports"][0]["host_port"] == 8080);
  CHECK(document["Ports"][0]["range"] == 1);

  engine::Container over = container();
  over.observed = ended(3, kNow - kSecond);
  over.record.ports = "[]";
  over.record.labels = "{}";
  const nlohmann::json last = ps_document(over, kNow);
  CHECK(last["ExitCode"] == 3);
  CHECK(last["Exited"] == true);
  CHECK(last["ExitedAt"] == 1795577856);
  CHECK(last["Pid"] == 0);
  CHECK(last["Ports"].is_null());
  CHECK(last["Labels"].is_null());
}

TEST_CASE("logs: bytes come back where they went, in order") {
  const std::string binary("\xff\x00\x01", 3);
  const std::vector<LogLine> lines = {{1, false, false, "one"}, {2, true, false, "err"}, {3, false, true, "par"},
                                      {4, true, false, ""},     {5, false, false, "t"},  {6, false, true, binary}};
  const Streams plain = printed(lines, {});
  CHECK(plain.out == "one\npart\n" + binary);
  CHECK(plain.err == "err\n\n");
  CHECK(plain.both == "one\nerr\npar\nt\n" + binary);
}

TEST_CASE("logs: names and times only where a line begins") {
  const Zone utc("UTC0");
  const std::vector<LogLine> lines = {{kSecond, false, true, "a"}, {kSecond, false, false, "b"}, {0, true, true, "c"}};
  const Streams streams = printed(lines, {.prefix = "web ", .timestamps = true});
  CHECK(streams.out == "web 1970-01-01T00:00:01.000000000Z ab\n");
  CHECK(streams.err == "web 1970-01-01T00:00:00.000000000Z c");
}

TEST_CASE("create's flags become a request, word for word") {
  auto options =
      parsed({"-it",   "--name=web", "-e",        "A=b,c",   "-p",     "80:80,81:81", "--cap-drop",     "ALL,CHOWN",
              "--net", "none",       "--dns-opt", "ndots:1", "-v",     "./a,b:/x",    "--entrypoint",   "",
              "-w",    "/srv",       "-h",        "host",    "--pull", "always",      "--stop-timeout", "0",
              "img:1", "cmd",        "--rm",      "-x"});
  REQUIRE(options.ok());
  CHECK(options->interactive);
  CHECK(options->tty);
  CHECK(options->name == "web");
  CHECK(options->env == Words{"A=b,c"});
  CHECK(options->publish == Words{"80:80", "81:81"});
  CHECK(options->cap_drop == Words{"ALL", "CHOWN"});
  CHECK(options->network == Words{"none"});
  CHECK(options->dns_option == Words{"ndots:1"});
  CHECK(options->volume == Words{"./a,b:/x"});
  CHECK(options->entrypoint == std::optional<std::string>(""));
  CHECK(options->workdir == std::optional<std::string>("/srv"));
  CHECK(options->hostname == "host");
  CHECK(options->pull == engine::PullPolicy::kAlways);
  CHECK(options->stop_timeout == std::optional<unsigned>(0));
  CHECK(options->image == "img:1");
  CHECK(options->command == Words{"cmd", "--rm", "-x"});
  CHECK_FALSE(options->remove);

  auto bare = parsed({"img"});
  REQUIRE(bare.ok());
  CHECK_FALSE(bare->entrypoint.has_value());
  CHECK_FALSE(bare->stop_timeout.has_value());
  CHECK(bare->pull == engine::PullPolicy::kMissing);
  CHECK(parsed({"--pull", "sometimes", "img"}).error().text == "unsupported pull policy \"sometimes\"");
  CHECK(parsed({"--stop-timeout", "-1", "img"}).error().code == Code::kInvalid);
}

TEST_CASE("seconds are not negative and fit") {
  CHECK(parse_seconds(0, "-t, --time").value() == 0);
  CHECK(parse_seconds(INT32_MAX, "-t, --time").value() == INT32_MAX);
  CHECK(parse_seconds(-1, "-t, --time").error().text.starts_with("invalid argument \"-1\" for \"-t, --time\" flag: "));
  CHECK_FALSE(parse_seconds(std::int64_t{INT32_MAX} + 1, "-t, --time").ok());
}

TEST_CASE("stats: sizes and durations as Podman prints them") {
  CHECK(decimal_size(0) == "0B");
  CHECK(decimal_size(57344) == "57.34kB");
  CHECK(decimal_size(104857600) == "104.9MB");
  CHECK(binary_size(57344) == "56KiB");
  CHECK(binary_size(104857600) == "100MiB");
  CHECK(go_duration(0) == "0s");
  CHECK(go_duration(999) == "999ns");
  CHECK(go_duration(1'500) == "1.5µs");
  CHECK(go_duration(850'123'000) == "850.123ms");
  CHECK(go_duration(3'696'896'000) == "3.696896s");
  CHECK(go_duration(62'500'000'000) == "1m2.5s");
  CHECK(go_duration(3'723'000'000'000) == "1h2m3s");
}

TEST_CASE("stats: the share of CPU counts from the last report, or from the start") {
  creel::engine::Usage usage;
  usage.id = std::string(64, 'a');
  usage.name = "web";
  usage.running = true;
  usage.taken_ns = 10'000'000'000;
  usage.running_ns = 4'000'000'000;
  usage.cpu_ns = 1'000'000'000;
  usage.memory = 50;
  usage.memory_limit = 200;
  auto row = stats_row(usage, std::nullopt, false);
  CHECK(row["ID"] == "aaaaaaaaaaaa");
  CHECK(row["CPUPerc"] == "25.00%");
  CHECK(row["MemPerc"] == "25.00%");
  // The host's network is not the container's.
  CHECK(row["NetIO"] == "-- / --");
  creel::engine::Usage before = usage;
  before.taken_ns -= 1'000'000'000;
  before.cpu_ns -= 900'000'000;
  row = stats_row(usage, before, true);
  CHECK(row["CPUPerc"] == "90.00%");
  CHECK(row["AVGCPU"] == "25.00%");
  // Started again meanwhile: it counts from 0.
  before.cpu_ns = usage.cpu_ns + 1;
  CHECK(stats_row(usage, before, true)["CPUPerc"] == "25.00%");
  CHECK(stats_document(row)["mem_usage"] == "50B / 200B");
}
