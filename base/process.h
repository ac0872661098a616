// Starting helpers (newuidmap, slirp4netns, creel-images, …) and waiting for them.
//
// Regime 1 of ARCHITECTURE.md: everything is prepared in the parent, the child only moves descriptors and execs, and
// its failure comes back as errno on a close-on-exec pipe. Namespace set-up never happens here. Thread-safe.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel {

struct SpawnRequest {
  std::string path;                             // absolute, or a name looked up in $PATH
  std::vector<std::string> argv;                // argv[0] included
  std::optional<std::vector<std::string>> env;  // "K=V"; absent: the caller's environment
  std::vector<std::pair<int, int>> fds;         // {ours, number in the child}. 0, 1, 2 not named here are
                                                // inherited; nothing else is, not even what our caller left open
  bool new_session = false;                     // setsid(2)
  std::optional<std::string> cwd;
  int parent_death_signal = 0;  // PR_SET_PDEATHSIG: when the calling thread dies
};

// A child process. Not copied; the destructor does not kill and does not wait.
class Process {
 public:
  Process() = default;
  Process(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  // Waits for the end. Exit code, or 128 + signal.
  Result<int> wait();

 private:
  pid_t pid_ = -1;
  Fd pidfd_;
};

// Errors: kNotFound when the program does not exist, else errno of fork, chdir or exec. Sets an ignored SIGCHLD back to
// its default, without which nobody learns how a child ended.
Result<Process> spawn(const SpawnRequest& request);

struct RunOutput {
  int exit_code = 0;
  std::string out;
  std::string err;
};
// spawn, collect stdout and stderr (each to 1 MiB), wait. stdin is `input`.
Result<RunOutput> run_program(const std::vector<std::string>& argv, const std::string& input = {});

// $PATH lookup, plus /usr/sbin, /sbin, /usr/local/sbin. kNotFound if absent.
Result<std::string> find_program(const std::string& name);

// Path of a program of this engine: <directory of /proc/self/exe>/../libexec/creel/<name>, or beside /proc/self/exe.
Result<std::string> libexec_program(const std::string& name);
// <prefix>/share/creel.
std::string share_dir();

// Start time in clock ticks since boot of a process (field 22 of /proc/PID/stat); 0 if there is none.
unsigned long long process_start_time(pid_t pid);
// Whether it is gone, or on its way: the first process of a PID namespace is for as long as another of it has not been waited for.
bool is_process_ending(pid_t pid);
struct ProcessState {
  char state = 0;  // as in proc_pid_stat(5): 'Z' has ended, 'T' is stopped; 0: there is none
  pid_t parent = 0;
};
ProcessState process_state(pid_t pid);
// /proc/sys/kernel/random/boot_id, cached.
const std::string& boot_id();

Result<Fd> pidfd_open(pid_t pid);
// pidfd_send_signal(2).
Result<void> pidfd_signal(int pidfd, int signal);

}  // namespace creel
