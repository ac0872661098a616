// What unit tests of several folders need: a directory of their own, and processes that may be killed.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "base/fd.h"
#include "base/file.h"

namespace creel::test {

class TempDir {
 public:
  // `where`: "/dev/shm" for what a busy disk would make slow.
  explicit TempDir(const std::string& where = "/tmp") : where_(path_exists(where) ? where : "/tmp") {
    std::string name = where_ + "/creel-unit-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
    fd_ = Fd(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(fd_.valid());
  }
  ~TempDir() {
    auto parent = open_file(where_, O_RDONLY | O_DIRECTORY);
    if (parent.ok()) (void)remove_tree_at(parent->get(), path_.substr(where_.size() + 1)).ok();
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string where_, path_;
  Fd fd_;
};

inline int wait_status(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A forked child that runs `work` and ends with the number it returns. The alarm: a child that hangs is a failure, not
// a test run that hangs.
template <typename Work>
pid_t start_child(const Work& work) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(30);
    _exit(work());
  }
  return pid;
}
template <typename Work>
int in_child(const Work& work) {
  return wait_status(start_child(work));
}

// One says, the other waits.
class Signal {
 public:
  Signal() { REQUIRE(pipe2(ends_, O_CLOEXEC) == 0); }
  ~Signal() {
    close(ends_[0]);
    close(ends_[1]);
  }
  void say() const { (void)!write(ends_[1], "x", 1); }
  void await() const {
    char byte;
    while (read(ends_[0], &byte, 1) < 0 && errno == EINTR) {
    }
  }

 private:
  int ends_[2];
};

inline mode_t mode_of(const std::string& path) {
  struct stat st {};
  return lstat(path.c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
}

}  // namespace creel::test
