#include "engine/runtime/child/process_setup.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/child/program_file.h"
#include "engine/runtime/child/sharing.h"

namespace creel::engine::runtime {

namespace {

constexpr int kLastCapability = 63;

Result<void> set_capabilities(std::uint64_t effective, std::uint64_t permitted, std::uint64_t inheritable) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  for (int half = 0; half < 2; ++half) {
    data[half].effective = static_cast<std::uint32_t>(effective >> (32 * half));
    data[half].permitted = static_cast<std::uint32_t>(permitted >> (32 * half));
    data[half].inheritable = static_cast<std::uint32_t>(inheritable >> (32 * half));
  }
  if (syscall(SYS_capset, &header, data) != 0) return errno_error("setting capabilities");
  return {};
}

Result<void> bound_capabilities(std::uint64_t bounding) {
  for (int cap = 0; cap <= kLastCapability; ++cap) {
    if ((bounding >> cap & 1) != 0) continue;
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
      if (errno == EINVAL) return {};  // past the kernel's last one
      return errno_error("dropping capability " + std::to_string(cap));
    }
  }
  return {};
}

Result<void> change_directory(const ProcessPlan& plan) {
  if (plan.create_cwd) {
    std::string done;
    for (const std::string& part : split(plan.cwd, '/')) {
      if (part.empty()) continue;
      done += "/" + part;
      if (mkdir(done.c_str(), 0755) != 0 && errno != EEXIST) break;  // chdir says what is wrong
    }
  }
  if (chdir(plan.cwd.c_str()) != 0) {
    Error error = errno_error("chdir to '" + plan.cwd + "'");
    error.code = Code::kCannotInvoke;
    return error;
  }
  // A directory that was reached through a descriptor of the host has no name in here (CVE-2024-21626).
  char name[PATH_MAX];
  if (syscall(SYS_getcwd, name, sizeof(name)) < 0 || name[0] != '/') {
    return fail(Code::kCannotInvoke, "working directory '" + plan.cwd + "' is outside the container");
  }
  return {};
}

// Labels before the filter, which may forbid writing them.
Result<void> seal(const ProcessPlan& plan, const FromHost& from_host) {
  TRY(apply_labels(plan, from_host.labels));
  return load_filter(plan, from_host.listener);
}

Result<void> set_groups(const ProcessPlan& plan, const ResolvedUser& user) {
  if (plan.keep_groups) return {};
  std::vector<gid_t> groups(user.groups.begin(), user.groups.end());
  if (setgroups(groups.size(), groups.data()) == 0 || (errno == EPERM && groups.empty())) return {};
  Error error = errno_error("setting supplementary groups");
  if (error.err == EPERM) error.hint = "a user namespace that maps nobody but its owner has none (user_namespaces(7), setgroups)";
  if (error.err == EINVAL) error.hint = "the container's user namespace has no such ID: more subordinate IDs are needed in /etc/subgid";
  return error;
}

std::string variable(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string& item : env) {
    if (item.size() > name.size() && item[name.size()] == '=' && std::string_view(item).substr(0, name.size()) == name) {
      return item.substr(name.size() + 1);
    }
  }
  return {};
}

bool has_variable(const std::vector<std::string>& env, const std::string& name) {
  for (const std::string& item : env) {
    if (item.rfind(name + "=", 0) == 0) return true;
  }
  return false;
}

Error cannot_run(const std::string& command, int err) {
  if (err == ENOENT || err == ENOTDIR) {
    return Error{Code::kCommandAbsent, err, "executable file `" + command + "` not found" +
                 (command.find('/') == std::string::npos ? " in $PATH" : "") + ": No such file or directory", {}};
  }
  Error error = errno_error("exec `" + command + "`", err);
  error.code = Code::kCannotInvoke;
  if (err == ENOEXEC) error.hint = "the file is for another architecture, or a script without a \"#!\" line";
  return error;
}

// Where the command may be, in the order of the search.
std::vector<std::string> candidates_of(const std::string& command, const std::vector<std::string>& env) {
  std::vector<std::string> out;
  if (command.find('/') != std::string::npos) {
    out.push_back(command);
  } else if (!command.empty()) {
    std::string path = variable(env, "PATH");
    if (path.empty()) path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (const std::string& dir : split(path, ':')) out.push_back((dir.empty() ? "." : dir) + "/" + command);
  }
  return out;
}

}  // namespace

OwnProgram own_program() {
  struct stat info{};
  if (stat("/proc/self/exe", &info) != 0) return {};
  // In the engine's user namespace the caller is root, and the host's root nobody.
  const bool writable = info.st_uid == geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  return {info.st_dev, info.st_ino, writable};
}

Result<void> give_up_rights(const ProcessPlan& plan, const ResolvedUser& user, bool die_with_parent, const FromHost& from_host) {
  if (plan.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("setting no_new_privs");
  // As root, because the image's directories may be closed to the user that is to run.
  TRY(change_directory(plan));
  // Without no_new_privs only a process with CAP_SYS_ADMIN may load a filter: now.
  if (!plan.no_new_privileges) TRY(seal(plan, from_host));
  TRY(bound_capabilities(plan.cap_bounding));
  TRY(set_groups(plan, user));
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return errno_error("keeping capabilities");
  if (setresgid(user.gid, user.gid, user.gid) != 0) {
    return errno_error("becoming group " + std::to_string(user.gid))
        .with_hint("the container's user namespace has no such ID: more subordinate IDs are needed in /etc/subgid");
  }
  if (setresuid(user.uid, user.uid, user.uid) != 0) {
    return errno_error("becoming user " + std::to_string(user.uid))
        .with_hint("the container's user namespace has no such ID: more subordinate IDs are needed in /etc/subuid");
  }
  TRY(set_capabilities(plan.cap_effective, plan.cap_permitted, plan.cap_inheritable));
  // Ambient is what is both permitted and inheritable (capabilities(7)); Buildah asks for more and means that.
  const std::uint64_t ambient = plan.cap_ambient & plan.cap_permitted & plan.cap_inheritable;
  for (int cap = 0; cap <= kLastCapability; ++cap) {
    if ((ambient >> cap & 1) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) != 0) {
      return errno_error("raising ambient capability " + std::to_string(cap));
    }
  }
  if (die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno_error("prctl PR_SET_PDEATHSIG");
  umask(static_cast<mode_t>(plan.umask));
  return {};
}

bool seals(const ProcessPlan& plan) { return !plan.seccomp.empty() || wants_label(plan); }

Result<void> give_up_last_rights(const ProcessPlan& plan, const FromHost& from_host) {
  return plan.no_new_privileges ? seal(plan, from_host) : Result<void>{};
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
}

Result<void> check_command(const ProcessPlan& plan) {
  if (plan.args.empty()) return {};
  const std::string& command = plan.args.front();
  for (const std::string& candidate : candidates_of(command, plan.env)) {
    const std::string path = candidate.starts_with('/') ? candidate : plan.cwd + "/" + candidate;
    struct stat info{};
    if (stat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR)) return {};
  }
  return cannot_run(command, ENOENT);
}

Error exec_command(const ProcessPlan& plan, const ResolvedUser& user, const OwnProgram& own) {
  if (plan.args.empty()) return fail(Code::kInvalid, "no command specified");
  std::vector<std::string> env = plan.env;
  if (!has_variable(env, "HOME")) env.push_back("HOME=" + user.home);
  // sd_listen_fds(3): who the descriptors are for is known only now.
  if (!plan.preserve_fds.empty() && has_variable(env, "LISTEN_FDS")) {
    std::erase_if(env, [](const std::string& item) { return item.rfind("LISTEN_PID=", 0) == 0; });
    env.push_back("LISTEN_PID=" + std::to_string(getpid()));
  }
  std::vector<char*> argv;
  for (const std::string& arg : plan.args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& item : env) envp.push_back(const_cast<char*>(item.c_str()));
  envp.push_back(nullptr);

  const std::string& command = plan.args.front();
  const std::vector<std::string> candidates = candidates_of(command, env);
  int worst = ENOENT;
  for (const std::string& candidate : candidates) {
    struct stat info{};
    if (stat(candidate.c_str(), &info) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) worst = errno;
      continue;
    }
    if (S_ISDIR(info.st_mode)) {
      worst = candidates.size() == 1 ? EISDIR : EACCES;
      continue;
    }
    if (runs_own_program(candidate, own)) {
      return fail(Code::kCannotInvoke, "`" + candidate + "` in the container leads to the engine's own program: refused");
    }
    leave_memory();
    execve(candidate.c_str(), argv.data(), envp.data());
    use_memory_again();
    // The file is there but its interpreter or loader is not: that is not "not found".
    worst = errno == ENOENT ? ENOEXEC : errno;
    if (errno != EACCES) break;
  }
  return cannot_run(command, worst);
}

}  // namespace creel::engine::runtime
