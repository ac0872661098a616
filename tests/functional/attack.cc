// What a hostile container runs in escape.bats. Linked statically, so that it runs in any image.
//   attack swap A B         exchanges two names as fast as it can, until it is killed
//   attack spy DIRECTORY    looks into every process that appears, as far as the kernel lets it: what it reaches of a
//                           program or directory that is not the container's is a file in DIRECTORY. Until it is
//                           killed; DIRECTORY/ready says that it looks
//   attack groups           what setgroups(2) says
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

int swap(const char* a, const char* b) {
  for (;;) {
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) != 0) {
      std::perror("renameat2");
      return 1;
    }
  }
}

void report(const std::string& directory, const std::string& name, const std::string& text) {
  const int fd = open((directory + "/" + name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  (void)!write(fd, text.data(), text.size());
  (void)!write(fd, "\n", 1);
  close(fd);
}

// A directory of the host that no container has, and the name of the engine's programs.
const char* canary = "";
bool is_engine(const std::string& program) {
  const std::size_t slash = program.rfind('/');
  return slash != std::string::npos && program.compare(slash + 1, 5, "creel") == 0;
}

void look_at_program(const std::string& process, const std::string& directory) {
  const int fd = open((process + "/exe").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  char name[4096] = {};
  (void)!readlink((process + "/exe").c_str(), name, sizeof(name) - 1);
  if (is_engine(name)) {
    report(directory, "program", name);
    const int writable = open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_WRONLY | O_CLOEXEC);
    if (writable >= 0 || errno == ETXTBSY) report(directory, "writable-program", name);
    if (writable >= 0) close(writable);
  }
  close(fd);
}

bool exists(const std::string& path) {
  return faccessat(AT_FDCWD, path.c_str(), F_OK, 0) == 0;
}

void look_at_directories(const std::string& process, const std::string& directory) {
  if (exists(process + "/root" + canary)) report(directory, "root", process);
  if (exists(process + "/cwd/.host-canary")) report(directory, "directory", process);
  DIR* descriptors = opendir((process + "/fd").c_str());
  if (descriptors == nullptr) return;
  while (const dirent* one = readdir(descriptors)) {
    const std::string path = process + "/fd/" + one->d_name;
    if (exists(path + "/.host-canary") || exists(path + canary)) report(directory, "descriptor", path);
  }
  closedir(descriptors);
}

// Whoever can attach to a process owns it.
void attach_to(int pid, const std::string& directory) {
  const std::string process = "/proc/" + std::to_string(pid);
  if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return;
  char name[4096] = {};
  (void)!readlink((process + "/exe").c_str(), name, sizeof(name) - 1);
  if (is_engine(name)) report(directory, "traced", name);
  if (ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) == 0) (void)waitpid(pid, nullptr, __WALL);
  ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
}

int spy(const std::string& directory) {
  report(directory, "ready", "");
  const int self = getpid();
  for (;;) {
    DIR* all = opendir("/proc");
    if (all == nullptr) return 1;
    while (const dirent* one = readdir(all)) {
      const int pid = std::atoi(one->d_name);
      if (pid <= 0 || pid == self) continue;
      const std::string process = "/proc/" + std::to_string(pid);
      look_at_program(process, directory);
      look_at_directories(process, directory);
      if (pid != 1) attach_to(pid, directory);
    }
    closedir(all);
  }
}

int groups() {
  if (setgroups(0, nullptr) == 0) {
    std::puts("dropped");
    return 0;
  }
  std::puts(std::strerror(errno));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "swap" && argc == 4) return swap(argv[2], argv[3]);
  if (what == "spy" && argc == 4) {
    canary = argv[3];
    return spy(argv[2]);
  }
  if (what == "groups") return groups();
  return 2;
}
