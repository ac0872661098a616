#include "rootless/userns.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "rootless/subordinate.h"

namespace creel::rootless {

namespace {

constexpr const char* kDone = "done";

// user_namespaces(7): the kernel takes no more lines.
constexpr std::size_t kMostRanges = 340;

std::vector<IdRange> map_of(std::uint32_t own, const std::vector<SubordinateRange>& ranges) {
  std::vector<IdRange> out = {{0, own, 1}};
  std::uint32_t next = 1;
  for (const SubordinateRange& range : ranges) {
    if (out.size() == kMostRanges || range.count > 0xffffffffu - next) break;
    out.push_back({next, range.first, range.count});
    next += range.count;
  }
  return out;
}

// LDAP and SSSD accounts: the name service knows what the files do not.
std::vector<SubordinateRange> from_name_service(const std::string& user, bool groups) {
  std::vector<std::string> argv = {"getsubids", user};
  if (groups) argv.insert(argv.begin() + 1, "-g");
  auto ran = run_program(argv);
  if (!ran.ok() || ran->exit_code != 0) return {};
  // "0: USER FIRST COUNT" per line.
  std::string text;
  for (const std::string& line : split(ran->out, '\n')) {
    std::vector<std::string> words;
    for (const std::string& word : split(line, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    if (words.size() == 4) text += words[1] + ":" + words[2] + ":" + words[3] + "\n";
  }
  return parse_subordinate(text, user, getuid());
}

Result<std::vector<SubordinateRange>> ranges_of(const char* file, const std::string& user, bool groups) {
  auto text = read_file(file);
  std::vector<SubordinateRange> out;
  if (text.ok()) out = parse_subordinate(*text, user, getuid());
  if (out.empty()) out = from_name_service(user, groups);
  if (!out.empty()) return out;
  // A range that nobody has, in neither file: the line can be taken as it is.
  std::uint32_t first = 100000;
  for (const char* each : {"/etc/subuid", "/etc/subgid"}) {
    if (auto all = read_file(each); all.ok()) first = std::max(first, after_last_subordinate(*all));
  }
  const std::string range = std::to_string(first) + "-" + std::to_string(first + 65535);
  return fail(Code::kUnavailable,
              "user " + user + " has no subordinate " + (groups ? "group " : "user ") + "IDs in " + file)
      .with_hint("an administrator can add the line " + user + ":" + std::to_string(first) +
                 ":65536 to /etc/subuid and to /etc/subgid, or run usermod --add-subuids " + range + " --add-subgids " +
                 range + " " + user);
}

std::vector<std::string> map_argv(const char* program, pid_t pid, const std::vector<IdRange>& ranges) {
  std::vector<std::string> argv = {program, std::to_string(pid)};
  for (const IdRange& range : ranges) {
    argv.push_back(std::to_string(range.inside));
    argv.push_back(std::to_string(range.outside));
    argv.push_back(std::to_string(range.count));
  }
  return argv;
}

Result<Process> start_mapper(const char* program, pid_t pid, const std::vector<IdRange>& ranges) {
  SpawnRequest request;
  request.path = program;
  request.argv = map_argv(program, pid, ranges);
  auto process = spawn(request);
  if (process.ok()) return process;
  if (process.error().code != Code::kNotFound) return process;
  return fail(Code::kUnavailable,
              std::string(program) + " is not installed, and without it an ordinary user cannot map IDs")
      .with_hint("Debian and Ubuntu: apt-get install uidmap; Fedora: dnf install shadow-utils");
}

Error unshare_error(int err) {
  Error error = errno_error("making a user namespace", err);
  error.code = Code::kUnavailable;
  if (err == EPERM || err == EACCES) {
    error.hint =
        "the kernel forbids user namespaces to ordinary users here: an administrator can set the sysctls "
        "kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0";
  } else if (err == ENOSPC || err == EUSERS) {
    error.hint = "an administrator can raise the sysctl user.max_user_namespaces";
  }
  return error;
}

Result<void> become_root() {
  if (setgroups(0, nullptr) != 0) return errno_error("dropping supplementary groups in the user namespace");
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) return errno_error("becoming root of the user namespace");
  return {};
}

constexpr std::size_t kFounderStack = 65536;

// In the founder, which shares our memory: system calls alone, and none that could fail and write our errno. All signals are
// blocked, so that the wait does not end.
int wait_for_ever(void*) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (;;) pause();
}

Result<void> make_namespace(const IdMaps& maps) {
  TRY_SET(Founder founder, Founder::make());
  TRY(write_maps(founder.pid(), maps));
  if (setns(founder.ns(), CLONE_NEWUSER) != 0) return errno_error("entering the new user namespace");
  return {};
}

}  // namespace

Result<Founder> Founder::make() {
  Founder out;
  out.stack_ = mmap(nullptr, kFounderStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (out.stack_ == MAP_FAILED) {
    out.stack_ = nullptr;
    return errno_error("making a user namespace");
  }
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const int pid = clone(wait_for_ever, static_cast<char*>(out.stack_) + kFounderStack, CLONE_NEWUSER | CLONE_VM | SIGCHLD, nullptr);
  const int err = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return unshare_error(err);
  out.pid_ = pid;
  TRY_SET(out.namespace_, open_file("/proc/" + std::to_string(pid) + "/ns/user", O_RDONLY));
  return out;
}

Founder::Founder(Founder&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      stack_(std::exchange(other.stack_, nullptr)),
      namespace_(std::move(other.namespace_)) {}

Founder::~Founder() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (stack_ != nullptr) munmap(stack_, kFounderStack);
}

Result<IdMaps> subordinate_maps() {
  const std::string user = user_name();
  IdMaps maps;
  TRY_SET(auto uids, ranges_of("/etc/subuid", user, false));
  TRY_SET(auto gids, ranges_of("/etc/subgid", user, true));
  maps.uids = map_of(getuid(), uids);
  maps.gids = map_of(getgid(), gids);
  return maps;
}

Result<Mappers> start_mappers(pid_t pid, const IdMaps& maps) {
  Mappers out;
  TRY_SET(out.uid, start_mapper("newuidmap", pid, maps.uids));
  auto gid = start_mapper("newgidmap", pid, maps.gids);
  if (!gid.ok()) {
    (void)out.uid.wait().ok();
    return std::move(gid).error();
  }
  out.gid = std::move(*gid);
  return out;
}

Result<void> write_maps(pid_t pid, const IdMaps& maps) {
  TRY_SET(Mappers mappers, start_mappers(pid, maps));
  return finish_mappers(std::move(mappers));
}

Result<void> finish_mappers(Mappers mappers) {
  // Both are waited for, whatever the first one's end.
  auto uid = mappers.uid.wait();
  auto gid = mappers.gid.wait();
  TRY_SET(const int code, std::move(uid));
  TRY_SET(const int gid_code, std::move(gid));
  if (code == 0 && gid_code == 0) return {};
  return fail(Code::kUnavailable,
              std::string(code != 0 ? "newuidmap" : "newgidmap") + " refused to map this user's subordinate IDs")
      .with_hint(
          "newuidmap and newgidmap must be set-user-ID root (or have file capabilities), and /etc/subuid and "
          "/etc/subgid must grant the "
          "ranges; in a container, CAP_SETUID and CAP_SETGID are needed");
}

namespace {

std::optional<Fd> namespace_of(const std::string& process, const std::string& start_time) {
  const auto pid = parse_int(process, "PID");
  if (!pid.ok() || *pid <= 0 || *pid > std::numeric_limits<pid_t>::max()) return std::nullopt;
  // First the descriptor, then the question: it now cannot become another process's.
  auto fd = open_file("/proc/" + std::to_string(*pid) + "/ns/user", O_RDONLY);
  if (!fd.ok()) return std::nullopt;
  if (std::to_string(process_start_time(static_cast<pid_t>(*pid))) != start_time) return std::nullopt;
  return std::move(*fd);
}

std::optional<Fd> published_namespace(const std::string& runtime_dir) {
  auto text = read_file(runtime_dir + "/userns", 256);
  if (!text.ok()) return std::nullopt;
  const std::vector<std::string> parts = split(trim(*text), ' ');
  // Of another boot: where the runtime directory is in /tmp, it may have outlived the machine.
  if (parts.size() != 3 || parts[2] != boot_id()) return std::nullopt;
  return namespace_of(parts[0], parts[1]);
}

// As /proc/PID/uid_map has them.
bool has_map(const std::string& pid, const char* file, const std::vector<IdRange>& map) {
  auto text = read_file("/proc/" + pid + "/" + file, 65536);
  if (!text.ok()) return false;
  std::vector<std::string> found;
  for (const std::string& word : split(*text, ' ')) {
    for (std::string& part : split(word, '\n')) {
      if (!part.empty()) found.push_back(std::move(part));
    }
  }
  std::vector<std::string> wanted;
  for (const IdRange& range : map) {
    for (const std::uint32_t number : {range.inside, range.outside, range.count}) wanted.push_back(std::to_string(number));
  }
  return found == wanted;
}

// The one who was published has ended, and others may live on there: the monitors of running containers, who say in their locks
// which process they are. One that was sent into the namespace of another container or user has other maps.
std::optional<Fd> namespace_of_monitors(const std::string& runtime_dir) {
  auto names = list_dir(runtime_dir + "/containers");
  if (!names.ok()) return std::nullopt;
  std::optional<IdMaps> maps;
  for (const std::string& name : *names) {
    auto lock = open_file(runtime_dir + "/containers/" + name + "/lock", O_RDONLY | O_NOFOLLOW);
    auto text = lock.ok() ? read_all(lock->get(), 128) : std::move(lock).error();
    if (!text.ok()) continue;
    const Cut words = cut(trim(*text), ' ');
    auto found = namespace_of(words.before, words.after);
    if (!found) continue;
    if (!maps) {
      auto known = subordinate_maps();
      if (!known.ok()) return std::nullopt;
      maps = std::move(*known);
    }
    if (!has_map(words.before, "uid_map", maps->uids) || !has_map(words.before, "gid_map", maps->gids)) continue;
    (void)publish_namespace(runtime_dir, static_cast<pid_t>(std::atoi(words.before.c_str()))).ok();
    return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Fd> live_namespace(const std::string& runtime_dir) {
  if (auto published = published_namespace(runtime_dir)) return published;
  return namespace_of_monitors(runtime_dir);
}

Result<void> publish_namespace(const std::string& runtime_dir, pid_t pid) {
  const unsigned long long start = process_start_time(pid);
  // 0 is what a process that is gone has: it would be found alive.
  if (start == 0) return fail(Code::kFailed, "process " + std::to_string(pid) + " in the user namespace has ended");
  return write_atomic(runtime_dir + "/userns",
                      std::to_string(pid) + " " + std::to_string(start) + " " + boot_id() + "\n");
}

Result<void> enter(Identity identity, const std::string& runtime_dir) {
  if (identity != Identity::kUser) return {};
  if (auto live = live_namespace(runtime_dir); live && setns(live->get(), CLONE_NEWUSER) == 0) return become_root();
  TRY_SET(IdMaps maps, subordinate_maps());
  TRY(make_namespace(maps));
  return become_root();
}

Result<void> run_inside(Identity identity, const std::string& runtime_dir, Result<void> (*work)(void*),
                        void* argument) {
  if (identity != Identity::kUser) return work(argument);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  Fd reading(ends[0]), writing(ends[1]);
  const pid_t child = fork();
  if (child < 0) return errno_error("fork");
  if (child == 0) {
    reading.reset();
    auto done = enter(identity, runtime_dir);
    if (done.ok()) done = work(argument);
    // The answer, not the exit status: that is lost where the caller of ours ignores SIGCHLD.
    std::string text = kDone;
    if (!done.ok()) {
      const Error& error = done.error();
      text = std::to_string(static_cast<int>(error.code)) + " " + std::to_string(error.err);
      text += '\0' + error.hint + '\0' + error.text;
    }
    _exit(write_all(writing.get(), text).ok() && done.ok() ? 0 : 1);
  }
  writing.reset();
  auto text = read_all(reading.get(), 1 << 20);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (text.ok() && *text == kDone) return {};
  const Cut head = cut(text.ok() ? *text : std::string(), '\0');
  if (!head.found) return fail(Code::kFailed, "the helper process in the user namespace ended without an answer");
  const Cut rest = cut(head.after, '\0');
  const Cut numbers = cut(head.before, ' ');
  Error error;
  error.code = static_cast<Code>(std::atoi(numbers.before.c_str()));
  error.err = std::atoi(numbers.after.c_str());
  error.hint = rest.before;
  error.text = rest.after;
  return error;
}

}  // namespace creel::rootless
