// What containers' networks are made with. Whether one comes about, examine_running() tries.
#include <fcntl.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "engine/doctor/package.h"
#include "engine/doctor/probes.h"

namespace creel::engine {

namespace {

constexpr const char* kLost =
    "containers have no network but --network none and --network host, and creel run wants one of them";

void examine_tun(Examination& host) {
  auto tun = open_file("/dev/net/tun", O_RDWR);
  if (tun.ok()) {
    host.ok("/dev/net/tun", "it can be opened");
    return;
  }
  const bool absent = tun.error().err == ENOENT || tun.error().err == ENODEV || tun.error().err == ENXIO;
  host.add({"/dev/net/tun", Health::kFails, tun.error().text, kLost,
            absent ? "sudo modprobe tun" : "sudo chmod 666 /dev/net/tun"});
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// Does it start, not just: is it there.
Result<std::string> version_of(const std::string& program) {
  TRY_SET(const RunOutput ran, run_program({program, "--version"}));
  if (ran.exit_code != 0)
    return fail(Code::kUnavailable, program + " --version: exit code " + std::to_string(ran.exit_code));
  return first_line(ran.out);
}

// `bad`: what creel run is without it; kOk: no network of this version is made with it.
void examine_program(Examination& host, const char* name, const char* package, Health bad, const char* lost) {
  auto version = version_of(name);
  if (version.ok()) {
    host.ok(name, *version);
    return;
  }
  const bool absent = version.error().code == Code::kNotFound;
  std::string found = absent ? "it is not installed" : version.error().text;
  if (bad == Health::kOk) found += ", and nothing needs it yet";
  host.add({name, bad, std::move(found), lost, install_command(package)});
}

}  // namespace

void examine_network(Examination& host) {
  examine_tun(host);
  examine_program(host, "slirp4netns", "slirp4netns", Health::kFails, kLost);
  examine_program(host, "pasta", "passt", Health::kOk, "");
  examine_program(host, "nft", "nftables", Health::kOk, "");
}

}  // namespace creel::engine
