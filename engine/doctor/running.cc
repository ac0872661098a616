// Containers, run by this very program with a store and a runtime directory of their own, and what limits them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/doctor/probes.h"
#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine {

namespace {

constexpr const char* kContainer = "a container";
constexpr const char* kNetwork = "a container's network";
constexpr const char* kGroups = "control groups";
constexpr const char* kLimits = "a container's limits";

// A root file system with one static program that does next to nothing.
Result<std::string> make_root(const Examination& host) {
  TRY_SET(const std::string program, libexec_program("creel-runtime"));
  TRY_SET(const std::string bytes, read_file(program));
  const std::string root = host.scratch + "/rootfs";
  TRY(make_dirs(root, 0755));
  TRY(write_atomic(root + "/program", bytes, 0700));
  return root;
}

// The time that it took, in milliseconds.
Result<std::int64_t> run_container(const Examination& host, const std::string& root,
                                   const std::vector<std::string>& flags) {
  std::vector<std::string> argv = {"/proc/self/exe", "--root", host.scratch + "/store", "--runroot",
                                   host.directories->runtime + "/doctor"};
  if (!host.options.cgroup_manager.empty()) argv.push_back("--cgroup-manager=" + host.options.cgroup_manager);
  argv.insert(argv.end(), {"run", "--rm", "--hostname=doctor"});
  argv.insert(argv.end(), flags.begin(), flags.end());
  argv.insert(argv.end(), {"--rootfs", root, "/program", "--version"});
  const std::int64_t begin = now_ns();
  TRY_SET(const RunOutput ran, run_program(argv));
  if (ran.exit_code == 0) return (now_ns() - begin) / 1'000'000;
  // "Error: text" and below it the cure.
  const Cut said = cut(ran.err, '\n');
  std::string text = said.before.starts_with("Error: ") ? said.before.substr(7) : said.before;
  if (text.empty()) text = "it ended with exit code " + std::to_string(ran.exit_code);
  return fail(Code::kFailed, text).with_hint(trim(said.after));
}

void try_container(Examination& host, const std::string& root, const char* name, const std::vector<std::string>& flags,
                   Health bad, const char* lost) {
  auto ran = run_container(host, root, flags);
  if (ran.ok()) {
    host.ok(name, "it started and ended in " + std::to_string(*ran) + " ms");
    return;
  }
  host.add({name, bad, ran.error().text, lost, ran.error().hint});
}

Health last(const Examination& host) {
  return host.report.findings.back().health;
}

}  // namespace

void examine_control_groups(Examination& host) {
  const char* runtime = getenv("XDG_RUNTIME_DIR");
  const runtime::CgroupHost groups = runtime::cgroup_host(geteuid(), runtime == nullptr ? "" : runtime);
  if (!groups.missing.empty()) {
    host.add({kGroups, Health::kLimited, groups.missing, "--memory, --cpus, --pids-limit, pause and stats are refused",
              groups.cure});
    return;
  }
  host.ok(kGroups, std::string(groups.systemd ? "by systemd" : "delegated") + ": " + join(groups.controllers, ", "));
}

void examine_running(Examination& host) {
  const bool limited = last(host) == Health::kOk;
  if (!host.mapped || host.scratch.empty()) {
    for (const char* name : {kContainer, kNetwork, kLimits}) host.add({name, Health::kUntried, {}, {}, {}});
    return;
  }
  auto root = make_root(host);
  if (!root.ok()) {
    host.add({kContainer, Health::kFails, root.error().text, "no container runs", "install Creel anew"});
    return;
  }
  try_container(host, *root, kContainer, {"--network=none"}, Health::kFails, "no container runs");
  host.contained = last(host) == Health::kOk;
  if (host.contained) {
    try_container(host, *root, kNetwork, {}, Health::kFails,
                  "creel run works with --network none and --network host alone");
  } else {
    host.add({kNetwork, Health::kUntried, {}, {}, {}});
  }
  if (host.contained && limited) {
    try_container(host, *root, kLimits, {"--network=none", "--memory=64m", "--cpus=1", "--pids-limit=64"},
                  Health::kLimited, "limits are refused");
  } else {
    host.add({kLimits, Health::kUntried, {}, {}, {}});
  }
  if (auto runtime = open_file(host.directories->runtime, O_RDONLY | O_DIRECTORY); runtime.ok()) {
    (void)remove_tree_at(runtime->get(), "doctor").ok();
  }
}

}  // namespace creel::engine
