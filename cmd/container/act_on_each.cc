#include "cmd/container/act_on_each.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>

#include "base/fd.h"
#include "base/file.h"
#include "cmd/exit_code.h"

namespace creel::cmd {
namespace {

constexpr std::size_t kAtOnce = 32;

struct Child {
  pid_t pid = -1;
  Fd line;  // what it wants printed
};

// Child: the parent's engine is gone; this one is opened after the fork.
[[noreturn]] void act_and_exit(const Context& context, const Target& target, const Act& act, CodeOf code_of, int line) {
  const auto report = [&](const Error& error) {
    print_error(error);
    std::fflush(nullptr);
    _exit(code_of(error));
  };
  auto engine = engine::Engine::open(context.global);
  if (!engine) report(engine.error());
  auto text = act(*engine, target);
  if (!text) report(text.error());
  (void)write_all(line, *text).ok();
  _exit(0);
}

Result<Child> start(const Context& context, const Target& target, const Act& act, CodeOf code_of) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  Fd reading(ends[0]);
  const Fd writing(ends[1]);
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return errno_error("starting a process for container " + target.name);
  if (pid == 0) act_and_exit(context, target, act, code_of, writing.get());
  return Child{pid, std::move(reading)};
}

int finish(const Child& child) {
  auto text = read_all(child.line.get());
  if (text && !text->empty()) std::printf("%s\n", text->c_str());
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0) {
    if (errno != EINTR) return kExitEngine;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int act_on_each(engine::Engine& engine, const std::vector<Target>& targets, const Act& act, CodeOf code_of) {
  int code = 0;
  for (const Target& target : targets) {
    auto text = act(engine, target);
    if (!text) {
      print_error(text.error());
      code = std::max(code, code_of(text.error()));
    } else if (!text->empty()) {
      std::printf("%s\n", text->c_str());
    }
  }
  return code;
}

Result<int> act_side_by_side(const Context& context, engine::Engine engine, const std::vector<Target>& targets,
                             const Act& act, CodeOf code_of) {
  if (targets.size() < 2) return act_on_each(engine, targets, act, code_of);
  { const engine::Engine closed = std::move(engine); }
  std::deque<Child> children;
  int code = 0;
  const auto finish_first = [&] {
    code = std::max(code, finish(children.front()));
    children.pop_front();
  };
  for (const Target& target : targets) {
    if (children.size() >= kAtOnce) finish_first();
    auto child = start(context, target, act, code_of);
    if (child) {
      children.push_back(std::move(*child));
    } else {
      print_error(child.error());
      code = std::max(code, code_of(child.error()));
    }
  }
  while (!children.empty()) finish_first();
  return code;
}

}  // namespace creel::cmd
