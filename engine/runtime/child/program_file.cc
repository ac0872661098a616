#include "engine/runtime/child/program_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/text.h"

namespace creel::engine::runtime {

namespace {

constexpr int kMostInterpreters = 5;  // the kernel's limit

}  // namespace

bool is_own(int fd, const OwnProgram& own) {
  struct stat info{};
  return fstat(fd, &info) == 0 && info.st_dev == own.device && info.st_ino == own.inode;
}

std::optional<Interpreter> interpreter_of(int fd) {
  char line[256];
  Fd readable(open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!readable.valid()) return std::nullopt;
  const ssize_t got = read(readable.get(), line, sizeof(line));
  if (got < 3 || line[0] != '#' || line[1] != '!') return std::nullopt;
  std::string_view text(line + 2, static_cast<std::size_t>(got) - 2);
  text = trim(text.substr(0, text.find('\n')));
  const std::size_t end = text.find_first_of(" \t");
  Interpreter out;
  out.path = text.substr(0, end);
  if (end != std::string_view::npos) out.argument = trim(text.substr(end));
  if (out.path.empty()) return std::nullopt;
  return out;
}

bool runs_own_program(const std::string& path, const OwnProgram& own) {
  std::string current = path;
  for (int depth = 0; depth < kMostInterpreters; ++depth) {
    Fd fd(open(current.c_str(), O_PATH | O_CLOEXEC));
    if (!fd.valid()) return false;
    if (is_own(fd.get(), own)) return true;
    const auto interpreter = interpreter_of(fd.get());
    if (!interpreter) return false;
    current = interpreter->path;
  }
  return true;
}

int execute_checked(const std::string& path, char* const* argv, char* const* envp, const OwnProgram& own) {
  std::string current = path;
  std::vector<std::string> before;  // what the kernel would put in front of the arguments of a script
  for (int depth = 0; depth < kMostInterpreters; ++depth) {
    const Fd fd(open(current.c_str(), O_PATH | O_CLOEXEC));
    if (!fd.valid()) return errno;
    if (is_own(fd.get(), own)) return EACCES;
    if (auto script = interpreter_of(fd.get())) {
      // A script that may not be executed is not to be read either.
      if (faccessat(fd.get(), "", X_OK, AT_EMPTY_PATH | AT_EACCESS) != 0) return errno;
      std::vector<std::string> words = {script->path};
      if (!script->argument.empty()) words.push_back(script->argument);
      words.push_back(current);
      if (!before.empty()) words.insert(words.end(), before.begin() + 1, before.end());
      before = std::move(words);
      current = script->path;
      continue;
    }
    std::vector<char*> words;
    for (std::string& word : before) words.push_back(word.data());
    // The script's name stands in place of its first argument.
    for (char* const* one = argv + (before.empty() || *argv == nullptr ? 0 : 1); *one != nullptr; ++one) words.push_back(*one);
    words.push_back(nullptr);
    // Close-on-exec: what has become a script meanwhile the kernel refuses to execute so.
    syscall(SYS_execveat, fd.get(), "", words.data(), envp, AT_EMPTY_PATH);
    // A filter that does not know the call. The name, which was looked at a moment ago, is the best there is.
    if (errno == ENOSYS || errno == EPERM) execve(current.c_str(), words.data(), envp);
    return errno;
  }
  return ELOOP;
}

}  // namespace creel::engine::runtime
