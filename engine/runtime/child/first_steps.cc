#include "engine/runtime/child/first_steps.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/file.h"
#include "engine/runtime/child/attributes.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/console.h"
#include "engine/runtime/child/descriptors.h"
#include "engine/runtime/child/exec_guard.h"
#include "engine/runtime/child/hook.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/namespace_names.h"
#include "engine/runtime/child/namespaces.h"
#include "engine/runtime/child/process_setup.h"
#include "engine/runtime/child/procfs.h"
#include "engine/runtime/child/rootfs.h"
#include "engine/runtime/child/user_lookup.h"

namespace creel::engine::runtime {

namespace {

class FirstProcess {
 public:
  explicit FirstProcess(FirstProcessStart& start) : start_(start), plan_(start.plan) {}

  Result<void> run() {
    TRY(begin());
    TRY(enter_file_system());
    TRY(apply_limits(plan_.process));
    if (pty_.side.valid()) TRY(take_terminal(pty_.side, user_.uid));
    if (listener_ >= 0) TRY(check_command(plan_.process));
    send_message(start_.channel, Message::kReady, pty_.main.get());
    pty_ = {};
    // While the parent learns that, and answers, rights are given up: unless what seals the process comes before that, which
    // may forbid to wait; and one that is created waits with all of them, for as long as it may take.
    const bool waits_first = listener_ >= 0 || (!plan_.process.no_new_privileges && seals(plan_.process));
    if (waits_first) TRY(wait_for_start());
    // Until the exec nobody in the container may look into this process.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    reset_signals();
    // Who starts a created container is not its parent.
    if (waits_first && listener_ < 0) offer_guard(start_.channel, start_.own);
    TRY(give_up_rights(plan_.process, user_, start_.options.die_with_parent, from_host_));
    if (!waits_first) {
      TRY(wait_for_start());
      offer_guard(start_.channel, start_.own);
    }
    // As the container's user with the container's rights: the programs are the container's.
    TRY(run_hooks(plan_.start_container, "created", &start_.own));
    TRY(give_up_last_rights(plan_.process, from_host_));
    return exec_command(plan_.process, user_, start_.own);
  }

 private:
  Result<void> begin() {
    const InitOptions& options = start_.options;
    if (options.die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno_error("prctl PR_SET_PDEATHSIG");
    listener_ = options.start_listener;
    TRY(arrange_descriptors(plan_.process.terminal ? Stdio{} : start_.stdio, {plan_.process.preserve_fds, options.preserved},
                            {&start_.channel, &listener_}, others_namespaces()));
    if (!needs_entry(plan_)) TRY(set_oom_score_adj(plan_.process));
    if (shows_namespaces(plan_)) TRY(show_namespaces());
    const bool foreign = has_foreign_user_namespace(plan_);
    if (foreign && !start_.opens_sources) {
      TRY_SET(sources_, receive_sources(plan_, start_.channel));
    }
    TRY(expect_message(start_.channel, Message::kMapped));
    if (foreign && start_.opens_sources) {
      TRY(slave_mounts());
      TRY_SET(Fd own, open_file("/proc/self/ns/user", O_RDONLY));
      TRY_SET(sources_, open_sources(plan_, own.get()));
    }
    if (makes_namespace(plan_, CLONE_NEWUSER)) TRY(become_root());
    // Others live in the PID namespace already: they must not reach this program through this process.
    if (joins_namespace(plan_, CLONE_NEWPID)) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setsid();
    umask(0022);
    if (plan_.new_keyring) TRY(join_new_keyring());
    TRY(join_rest(plan_));
    TRY(dress_namespaces(plan_));
    return enter_time_namespace(plan_);
  }

  // Those that are still to be joined, or looked into, by descriptors.
  [[nodiscard]] std::vector<int> others_namespaces() const {
    std::vector<int> out;
    each_namespace_name(plan_, [&](const std::string& name) {
      const int fd = named_descriptor(name);
      if (fd >= 0 && std::find(out.begin(), out.end(), fd) == out.end()) out.push_back(fd);
    });
    return out;
  }

  Result<void> show_namespaces() {
    TRY_SET(Fd mounts, open_file("/proc/self/ns/mnt", O_RDONLY));
    send_message(start_.channel, Message::kNamespace, mounts.get());
    TRY_SET(Fd user, open_file("/proc/self/ns/user", O_RDONLY));
    send_message(start_.channel, Message::kNamespace, user.get());
    if (!makes_namespace(plan_, CLONE_NEWNET)) return {};
    TRY_SET(Fd network, open_file("/proc/self/ns/net", O_RDONLY));
    send_message(start_.channel, Message::kNamespace, network.get());
    return {};
  }

  // What the host mounts later may still come in where asked for; nothing goes out.
  static Result<void> slave_mounts() {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return mount_error("separating the mount namespace", errno);
    return {};
  }

  Result<void> enter_file_system() {
    // What is shared stays so only if it was taken before.
    const bool shares = (plan_.root_propagation & MS_SHARED) != 0;
    if (!shares) TRY(slave_mounts());
    if (!has_foreign_user_namespace(plan_)) {
      TRY_SET(sources_, open_sources(plan_));
    }
    if (shares) TRY(slave_mounts());
    TRY_SET(Fd root, mount_root(plan_, sources_, start_.channel, [](int to, int device) { send_message(to, Message::kFuse, device); }));
    TRY_SET(user_, resolve_user(root.get(), plan_.process.user));
    MountContext context{plan_, root.get(), sources_, user_.uid, user_.gid, [this] { return be_placed(); }};
    TRY(mount_all(context));
    TRY(be_placed());
    if (plan_.process.terminal) {
      TRY_SET(pty_, open_pty(root.get(), plan_.process));
      TRY(mount_console(root.get(), pty_));
    }
    TRY(take_from_host());
    TRY(run_hooks(plan_.create_container, "creating"));
    TRY(plan_.no_pivot ? move_to_root(root.get()) : enter_root(root.get()));
    // After the pivot, which refuses a shared root.
    if (plan_.root_propagation != 0) TRY(set_propagation(root.get(), plan_.root_propagation, false, "/"));
    if (plan_.root_readonly) TRY(set_attributes(root.get(), MOUNT_ATTR_RDONLY, 0, 0, false, "/"));
    return {};
  }

  Result<void> take_from_host() {
    const bool listener = !plan_.process.seccomp_listener_path.empty();
    if (!listener && !wants_label(plan_.process)) return {};
    TRY_SET(const Fd procfs, open_host_procfs());
    TRY_SET(from_host_.labels, open_label_files(plan_.process, procfs.get()));
    const pid_t pid = own_pid_in(procfs.get());
    TRY_SET(from_host_.listener, connect_seccomp_listener(plan_.process, state_text(plan_.hook_state, pid, "creating"), pid));
    return {};
  }

  // Hooks in the container's namespaces see the process as these number it (runtime.md "State").
  Result<void> run_hooks(const std::vector<HookStep>& hooks, const char* status, const OwnProgram* own = nullptr) {
    for (const HookStep& hook : hooks) TRY(run_hook(hook, state_text(plan_.hook_state, getpid(), status), own));
    return {};
  }

  // The control group must be the last one before a namespace is made of it. Waited for as late as can be: systemd takes
  // its time.
  Result<void> be_placed() {
    if (placed_) return {};
    placed_ = true;
    TRY(expect_message(start_.channel, Message::kPlaced));
    if (makes_namespace(plan_, CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) != 0) return errno_error("making a cgroup namespace");
    return {};
  }

  Result<void> wait_for_start() {
    if (listener_ < 0) return expect_message(start_.channel, Message::kGo);
    // Who created the container ends now; who starts it comes when it likes, and may go away without a word.
    Fd listener(listener_);
    close(start_.channel);
    start_.channel = -1;
    for (;;) {
      Fd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection.valid()) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        return errno_error("waiting for the start of the container");
      }
      if (!expect_message(connection.get(), Message::kGo).ok()) continue;
      start_.channel = connection.release();
      return {};
    }
  }

  FirstProcessStart& start_;
  const Plan& plan_;
  int listener_ = -1;
  bool placed_ = false;
  Sources sources_;
  ResolvedUser user_;
  Pty pty_;
  FromHost from_host_;
};

}  // namespace

Error first_steps(FirstProcessStart& start) {
  FirstProcess process(start);
  return process.run().error();
}

}  // namespace creel::engine::runtime
