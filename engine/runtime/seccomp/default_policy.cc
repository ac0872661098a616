#include "engine/runtime/seccomp/default_policy.h"

#include <linux/capability.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <initializer_list>
#include <string>
#include <utility>

#include "base/text.h"

namespace creel::engine::runtime {

namespace {

// Names a space apart. Names of all architectures stand together: those that one does not have are left out there.
constexpr const char* kAllowed =
    "_llseek _newselect accept accept4 access adjtimex alarm bind brk capget capset chdir chmod chown chown32 "
    "clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
    "clock_nanosleep_time64 clone clone3 close close_range connect copy_file_range creat dup dup2 dup3 "
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old "
    "eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate "
    "fanotify_init fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 "
    "fdatasync fgetxattr flistxattr flock fork fremovexattr fsconfig fsetxattr fsmount fsopen fspick fstat "
    "fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait "
    "futex_waitv futex_wake futimesat get_mempolicy get_robust_list get_thread_area getcpu getcwd getdents "
    "getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername "
    "getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit "
    "getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr inotify_add_watch "
    "inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_setup io_submit ioctl "
    "ioprio_get ioprio_set ipc keyctl kill landlock_add_rule landlock_create_ruleset landlock_restrict_self "
    "lchown lchown32 lgetxattr link linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat lstat64 "
    "madvise mbind membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall "
    "mmap mmap2 mount mount_setattr move_mount mprotect mq_getsetattr mq_notify mq_open mq_timedreceive "
    "mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap msgctl msgget msgrcv msgsnd msync "
    "munlock munlockall munmap name_to_handle_at nanosleep newfstatat open open_tree openat openat2 pause "
    "pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2 pivot_root pkey_alloc pkey_free pkey_mprotect poll ppoll "
    "ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv process_vm_writev "
    "pselect6 pselect6_time64 ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv reboot "
    "recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr rename renameat renameat2 "
    "restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
    "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max "
    "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
    "sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile "
    "sendfile64 sendmmsg sendmsg sendto set_mempolicy set_robust_list set_thread_area set_tid_address setfsgid "
    "setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setns setpgid setpriority "
    "setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid "
    "setsockopt setuid setuid32 setxattr shmat shmctl shmdt shmget shutdown sigaltstack signal signalfd signalfd4 "
    "sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64 statx symlink symlinkat sync "
    "sync_file_range syncfs sysinfo syslog tee tgkill time timer_create timer_delete timer_getoverrun "
    "timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 "
    "timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask umount umount2 uname "
    "unlink unlinkat unshare utime utimensat utimensat_time64 utimes vfork wait4 waitid waitpid write writev";

// Answered "not permitted", because programs take "no such system call" for a broken kernel or try worse ways.
constexpr const char* kDenied =
    "bdflush cachestat io_pgetevents io_pgetevents_time64 kexec_file_load kexec_load map_shadow_stack "
    "migrate_pages move_pages nfsservctl nice oldfstat oldlstat oldolduname oldstat olduname pciconfig_iobase "
    "pciconfig_read pciconfig_write sgetmask ssetmask swapoff swapon syscall sysfs uselib userfaultfd ustat vm86 "
    "vm86old vmsplice";

// Allowed to whoever has one of the capabilities, not permitted to others.
struct Privileged {
  std::uint64_t capabilities;
  const char* names;
};

constexpr std::uint64_t bit(unsigned capability) {
  return std::uint64_t{1} << capability;
}

constexpr Privileged kPrivileged[] = {
    {bit(CAP_DAC_READ_SEARCH), "open_by_handle_at"},
    {bit(CAP_SYS_ADMIN), "lookup_dcookie quotactl quotactl_fd setdomainname sethostname"},
    {bit(CAP_SYS_ADMIN) | bit(CAP_BPF), "bpf"},
    {bit(CAP_SYS_ADMIN) | bit(CAP_PERFMON), "perf_event_open"},
    {bit(CAP_SYS_CHROOT), "chroot"},
    {bit(CAP_SYS_MODULE), "delete_module finit_module init_module query_module"},
    {bit(CAP_SYS_PACCT), "acct"},
    {bit(CAP_SYS_PTRACE), "kcmp process_madvise"},
    {bit(CAP_SYS_RAWIO), "ioperm iopl"},
    {bit(CAP_SYS_TIME), "clock_settime clock_settime64 settimeofday stime"},
    {bit(CAP_SYS_TTY_CONFIG), "vhangup"},
};

// personality(2): Linux, 32-bit Linux, both with UNAME26, and to ask for the present one. Not ADDR_NO_RANDOMIZE.
constexpr std::uint64_t kPersonalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

#if defined(__x86_64__)
constexpr const char* kNative = "arch_prctl modify_ldt";
constexpr std::initializer_list<std::uint32_t> kArchitectures = {SCMP_ARCH_X86, SCMP_ARCH_X32};
#elif defined(__aarch64__)
constexpr const char* kNative = "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2";
constexpr std::initializer_list<std::uint32_t> kArchitectures = {SCMP_ARCH_ARM};
#elif defined(__s390x__)
constexpr const char* kNative = "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr";
constexpr std::initializer_list<std::uint32_t> kArchitectures = {SCMP_ARCH_S390};
#elif defined(__powerpc64__)
constexpr const char* kNative = "swapcontext sync_file_range2";
constexpr std::initializer_list<std::uint32_t> kArchitectures = {};
#elif defined(__riscv)
constexpr const char* kNative = "riscv_flush_icache";
constexpr std::initializer_list<std::uint32_t> kArchitectures = {};
#else
constexpr const char* kNative = "";
constexpr std::initializer_list<std::uint32_t> kArchitectures = {};
#endif

SeccompRule rule(const char* names, std::uint32_t action, std::vector<scmp_arg_cmp> arguments = {}) {
  return {split(names, ' '), action, std::move(arguments)};
}

// Sockets to the hypervisor and to the kernel's cryptography are nobody's business in a container. The audit log
// belongs to the host: a socket to it is for those who may write there, and EINVAL is what libaudit takes for a kernel
// without.
void add_socket_rules(bool may_audit, std::vector<SeccompRule>& rules) {
  rules.push_back(rule("socket", SCMP_ACT_ERRNO(EPERM), {SCMP_A0_64(SCMP_CMP_EQ, AF_VSOCK)}));
  rules.push_back(rule("socket", SCMP_ACT_ERRNO(EPERM), {SCMP_A0_64(SCMP_CMP_EQ, AF_ALG)}));
  if (may_audit) {
    // In parts that do not overlap: "not AF_VSOCK" would let AF_ALG through again.
    static_assert(AF_ALG < AF_VSOCK && AF_VSOCK - AF_ALG == 2);
    rules.push_back(rule("socket", SCMP_ACT_ALLOW, {SCMP_A0_64(SCMP_CMP_LT, AF_ALG)}));
    rules.push_back(rule("socket", SCMP_ACT_ALLOW, {SCMP_A0_64(SCMP_CMP_EQ, AF_ALG + 1)}));
    rules.push_back(rule("socket", SCMP_ACT_ALLOW, {SCMP_A0_64(SCMP_CMP_GT, AF_VSOCK)}));
    return;
  }
  rules.push_back(rule("socket", SCMP_ACT_ERRNO(EINVAL),
                       {SCMP_A0_64(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2_64(SCMP_CMP_EQ, NETLINK_AUDIT)}));
  rules.push_back(
      rule("socket", SCMP_ACT_ALLOW, {SCMP_A0_64(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2_64(SCMP_CMP_NE, NETLINK_AUDIT)}));
  rules.push_back(rule("socket", SCMP_ACT_ALLOW, {SCMP_A0_64(SCMP_CMP_NE, AF_NETLINK)}));
}

}  // namespace

std::uint64_t default_policy_capabilities() {
  std::uint64_t out = bit(CAP_AUDIT_WRITE);
  for (const Privileged& group : kPrivileged) out |= group.capabilities;
  return out;
}

SeccompPolicy default_policy(std::uint64_t capabilities) {
  SeccompPolicy policy;
  // What nobody has listed does not exist: programs then fall back, as they would on an older kernel.
  policy.default_action = SCMP_ACT_ERRNO(ENOSYS);
  policy.architectures = kArchitectures;
  policy.rules.push_back(rule(kDenied, SCMP_ACT_ERRNO(EPERM)));
  policy.rules.push_back(rule(kAllowed, SCMP_ACT_ALLOW));
  policy.rules.push_back(rule(kNative, SCMP_ACT_ALLOW));
  for (const std::uint64_t personality : kPersonalities) {
    policy.rules.push_back(rule("personality", SCMP_ACT_ALLOW, {SCMP_A0_64(SCMP_CMP_EQ, personality)}));
  }
  for (const Privileged& group : kPrivileged) {
    const bool allowed = (capabilities & group.capabilities) != 0;
    policy.rules.push_back(rule(group.names, allowed ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM)));
  }
  add_socket_rules((capabilities & bit(CAP_AUDIT_WRITE)) != 0, policy.rules);
  return policy;
}

}  // namespace creel::engine::runtime
