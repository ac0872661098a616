#include "engine/runtime/child/id_maps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace creel::engine::runtime {

namespace {

struct Kind {
  const char* file;
  const char* program;
  const char* table;
  std::uint32_t own;
};

std::string proc_file(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

Result<void> write_map(pid_t pid, const Kind& kind, const std::vector<IdMapStep>& map) {
  std::string text;
  for (const IdMapStep& range : map) {
    text += std::to_string(range.inside) + " " + std::to_string(range.outside) + " " + std::to_string(range.count) + "\n";
  }
  TRY_SET(Fd fd, open_file(proc_file(pid, kind.file), O_WRONLY));
  // At once: a map is written once.
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return errno_error(std::string("writing ") + kind.file + " of the container's user namespace");
  }
  return {};
}

Result<void> deny_setgroups(pid_t pid) {
  TRY_SET(Fd fd, open_file(proc_file(pid, "setgroups"), O_WRONLY));
  return write_all(fd.get(), "deny");
}

Result<void> map_by_program(pid_t pid, const Kind& kind, const std::vector<IdMapStep>& map) {
  std::vector<std::string> argv = {kind.program, std::to_string(pid)};
  for (const IdMapStep& range : map) {
    for (const std::uint32_t number : {range.inside, range.outside, range.count}) argv.push_back(std::to_string(number));
  }
  auto done = run_program(argv);
  if (!done.ok()) {
    Error error = std::move(done).error();
    if (error.code == Code::kNotFound) error.code = Code::kUnavailable;
    return std::move(error).within(std::string("mapping IDs with ") + kind.program).with_hint("install the package uidmap");
  }
  if (done->exit_code == 0) return {};
  const std::string said(trim(done->err.substr(0, 500)));
  return fail(Code::kUnavailable, std::string(kind.program) + ": " + (said.empty() ? "it failed" : said))
      .with_hint(std::string("an ordinary user gets what ") + kind.table + " gives it");
}

Result<void> map_one(pid_t pid, const Kind& kind, const std::vector<IdMapStep>& map) {
  auto written = write_map(pid, kind, map);
  if (written.ok() || written.error().err != EPERM) return written;
  const bool own = map.size() == 1 && map[0].count == 1 && map[0].outside == kind.own;
  if (!own) return map_by_program(pid, kind, map);
  TRY(deny_setgroups(pid));
  return write_map(pid, kind, map);
}

}  // namespace

Result<void> write_id_maps(pid_t pid, const std::vector<IdMapStep>& uids, const std::vector<IdMapStep>& gids) {
  TRY(map_one(pid, {"uid_map", "newuidmap", "/etc/subuid", geteuid()}, uids));
  return map_one(pid, {"gid_map", "newgidmap", "/etc/subgid", getegid()}, gids);
}

bool has_admin_rights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  return syscall(SYS_capget, &header, data) == 0 && (data[0].effective >> CAP_SYS_ADMIN & 1) != 0;
}

}  // namespace creel::engine::runtime
