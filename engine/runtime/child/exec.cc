#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/child/steps.h"

namespace creel::engine::runtime {

namespace {

Error cannot(const std::string& text, int err) {
  Error error = errno_error(text, err);
  error.code = err == ENOENT || err == ENOTDIR ? Code::kCommandAbsent : Code::kCannotInvoke;
  return error;
}

std::string search_path(const ProcessPlan& plan) {
  for (const std::string& item : plan.env) {
    if (item.rfind("PATH=", 0) == 0) return item.substr(5);
  }
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

}  // namespace

void reset_signals() {
  struct sigaction plain{};
  plain.sa_handler = SIG_DFL;
  for (int sig = 1; sig < NSIG; ++sig) (void)sigaction(sig, &plain, nullptr);
  sigset_t none;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<void> enter_cwd(const ProcessPlan& plan) {
  if (plan.create_cwd) {
    TRY_SET(Fd root, open_file("/", O_PATH | O_DIRECTORY));
    TRY(resolve_making(root.get(), plan.cwd, true));
  }
  if (chdir(plan.cwd.c_str()) != 0) return cannot("chdir to `" + plan.cwd + "`", errno);
  // A descriptor left open by mistake must not serve as a working directory outside the root (CVE-2024-21626).
  char where[4096];
  if (getcwd(where, sizeof(where)) == nullptr || where[0] != '/') {
    return fail(Code::kCannotInvoke, "the working directory " + plan.cwd + " lies outside the container");
  }
  return {};
}

Result<std::string> find_command(const ProcessPlan& plan, int own_program) {
  if (plan.args.empty() || plan.args.front().empty()) return fail(Code::kCommandAbsent, "no command given");
  const std::string& name = plan.args.front();
  std::vector<std::string> tries;
  if (name.find('/') != std::string::npos) {
    tries.push_back(name);
  } else {
    for (const std::string& dir : split(search_path(plan), ':')) tries.push_back((dir.empty() ? "." : dir) + "/" + name);
  }
  int denied = 0;
  for (const std::string& path : tries) {
    Fd file(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat info{};
    if (!file.valid() || fstat(file.get(), &info) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) denied = errno;
      continue;
    }
    if (S_ISDIR(info.st_mode) || faccessat(file.get(), "", X_OK, AT_EMPTY_PATH | AT_EACCESS) != 0) {
      denied = EACCES;
      continue;
    }
    struct stat own{};
    // CVE-2019-5736: /proc/self/exe as a container's command would be the engine itself.
    if (fstat(own_program, &own) == 0 && own.st_dev == info.st_dev && own.st_ino == info.st_ino) {
      return fail(Code::kCannotInvoke, "refusing to run the engine's own program as a container's command: " + path);
    }
    return path;
  }
  if (denied != 0) return cannot("open executable `" + name + "`", denied);
  return cannot("executable file `" + name + "` not found" + (name.find('/') == std::string::npos ? " in $PATH" : ""), ENOENT);
}

Error exec_command(const ProcessPlan& plan, const std::string& path) {
  std::vector<char*> args;
  for (const std::string& arg : plan.args) args.push_back(const_cast<char*>(arg.c_str()));
  args.push_back(nullptr);
  std::vector<char*> env;
  for (const std::string& item : plan.env) env.push_back(const_cast<char*>(item.c_str()));
  env.push_back(nullptr);
  execve(path.c_str(), args.data(), env.data());
  return cannot("exec `" + path + "`", errno);
}

}  // namespace creel::engine::runtime
