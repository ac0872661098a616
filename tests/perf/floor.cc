// The floor that engines are measured against: user (fresh or joined), mount, PID, IPC, UTS, network and cgroup namespaces,
// an overlay as root, /proc, pivot_root, exec. No image, no record, no seccomp, no logs: what is left when an engine costs
// nothing.
//
//   perf-floor LOWER SCRATCH COMMAND...             in a fresh user namespace (newuidmap, newgidmap)
//   perf-floor --join PID LOWER SCRATCH COMMAND...  in the user namespace of PID
//   perf-floor --hold                               makes a user namespace, prints its process, waits for stdin's end
//
// Whoever runs it: an ordinary user with subordinate IDs, or root (then no user namespace).
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "perf-floor: %s: %s\n", what, std::strerror(errno));
  _exit(125);
}

pid_t spawn(const char* const* argv) {
  const pid_t pid = vfork();
  if (pid == 0) {
    execvp(argv[0], const_cast<char* const*>(argv));
    _exit(127);
  }
  if (pid < 0) die("vfork");
  return pid;
}

void wait_for(pid_t pid, const char* what) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || status != 0) die(what);
}

// By hand: a static program cannot use the C library's name service.
std::string user_name() {
  std::ifstream in("/etc/passwd");
  const std::string wanted = std::to_string(getuid());
  std::string line;
  while (std::getline(in, line)) {
    const size_t name = line.find(':');
    const size_t password = line.find(':', name + 1);
    const size_t id = line.find(':', password + 1);
    if (id != std::string::npos && line.substr(password + 1, id - password - 1) == wanted) return line.substr(0, name);
  }
  errno = ENOENT;
  die("the calling user in /etc/passwd");
}

// The first range of the calling user in /etc/subuid or /etc/subgid.
std::string first_subordinate(const char* file, const std::string& user) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind(user + ":", 0) == 0) return line.substr(user.size() + 1);
  }
  errno = ENOENT;
  die(file);
}

void map_ids(pid_t pid) {
  const std::string account = user_name();
  const std::string target = std::to_string(pid);
  const auto tool = [&](const char* name, const char* file, unsigned id) {
    const std::string range = first_subordinate(file, account);
    const std::string first = range.substr(0, range.find(':'));
    const std::string count = range.substr(range.find(':') + 1);
    const std::string self = std::to_string(id);
    const char* argv[] = {name, target.c_str(), "0", self.c_str(), "1", "1", first.c_str(), count.c_str(), nullptr};
    return spawn(argv);
  };
  const pid_t uid_tool = tool("newuidmap", "/etc/subuid", getuid());
  const pid_t gid_tool = tool("newgidmap", "/etc/subgid", getgid());
  wait_for(uid_tool, "newuidmap");
  wait_for(gid_tool, "newgidmap");
}

// Enters a fresh user namespace: a child outside writes the maps, for only somebody outside may run newuidmap for us.
void fresh_user_namespace() {
  int go[2];
  int done[2];
  if (pipe2(go, O_CLOEXEC) != 0 || pipe2(done, O_CLOEXEC) != 0) die("pipe2");
  const pid_t self = getpid();
  const pid_t helper = fork();
  if (helper < 0) die("fork");
  char byte = 0;
  if (helper == 0) {
    if (read(go[0], &byte, 1) != 1) _exit(1);
    map_ids(self);
    _exit(0);
  }
  if (unshare(CLONE_NEWUSER) != 0) die("unshare user");
  if (write(go[1], "x", 1) != 1) die("write");
  wait_for(helper, "mapping IDs");
}

void become_root() {
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) die("setresuid");
}

[[noreturn]] void container(const char* lower, const char* scratch, char** command) {
  const std::string base = scratch;
  const std::string root = base + "/root";
  const std::string options = std::string("lowerdir=") + lower + ",upperdir=" + base + "/upper,workdir=" + base + "/work";
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) die("private");
  if (mount("overlay", root.c_str(), "overlay", 0, options.c_str()) != 0) die("overlay");
  if (mount("proc", (root + "/proc").c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) die("proc");
  if (chdir(root.c_str()) != 0) die("chdir");
  if (syscall(SYS_pivot_root, ".", ".") != 0) die("pivot_root");
  if (umount2(".", MNT_DETACH) != 0) die("umount");
  if (chdir("/") != 0) die("chdir /");
  execv(command[0], command);
  die("exec");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && std::strcmp(argv[1], "--hold") == 0) {
    if (getuid() != 0) fresh_user_namespace();
    std::printf("%d\n", getpid());
    std::fflush(stdout);
    char byte = 0;
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
  }
  int at = 1;
  pid_t join = 0;
  if (argc >= 3 && std::strcmp(argv[1], "--join") == 0) {
    join = std::atoi(argv[2]);
    at = 3;
  }
  if (argc < at + 3) {
    std::fprintf(stderr, "usage: perf-floor [--join PID] LOWER SCRATCH COMMAND...\n");
    return 125;
  }
  const std::string scratch = argv[at + 1];
  if (getuid() != 0) {
    if (join != 0) {
      const int fd = open(("/proc/" + std::to_string(join) + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC);
      if (fd < 0 || setns(fd, CLONE_NEWUSER) != 0) die("joining the user namespace");
      close(fd);
    } else {
      fresh_user_namespace();
    }
    become_root();
  }
  for (const char* name : {"", "/root", "/upper", "/work"}) {
    if (mkdir((scratch + name).c_str(), 0755) != 0 && errno != EEXIST) die("mkdir");
  }
  const unsigned long flags =
      CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP | SIGCHLD;
  const pid_t child = static_cast<pid_t>(syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
  if (child < 0) die("clone");
  if (child == 0) container(argv[at], scratch.c_str(), argv + at + 2);
  int status = 0;
  if (waitpid(child, &status, 0) != child) die("waitpid");
  rmdir((scratch + "/work/work").c_str());
  for (const char* name : {"/work", "/upper", "/root", ""}) rmdir((scratch + name).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
