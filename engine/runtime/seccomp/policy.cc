#include "engine/runtime/seccomp/policy.h"

#include <linux/filter.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/fd.h"
#include "base/file.h"
#include "engine/runtime/seccomp/bpf.h"

namespace creel::engine::runtime {

namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

// Runs of system calls are looked up as a binary tree: the kernel evaluates the filter for every number when it is
// loaded, and a chain of four hundred comparisons would be felt in each start.
constexpr std::uint32_t kBinaryTree = 2;

bool same_argument_twice(const std::vector<scmp_arg_cmp>& arguments) {
  unsigned seen = 0;
  for (const scmp_arg_cmp& argument : arguments) {
    const unsigned bit = 1u << argument.arg;
    if ((seen & bit) != 0) return true;
    seen |= bit;
  }
  return false;
}

Result<void> add(void* context, std::uint32_t action, const std::string& name, int number, unsigned count,
                 const scmp_arg_cmp* arguments) {
  const int r = seccomp_rule_add_array(context, action, number, count, arguments);
  if (r == 0 || r == -EEXIST) return {};
  Error error = errno_error("adding a seccomp rule for " + name, -r);
  error.code = Code::kInvalid;
  return error;
}

Result<void> add_rule(void* context, const SeccompPolicy& policy, const SeccompRule& rule) {
  // libseccomp refuses what says no more than the default.
  if (rule.action == policy.default_action) return {};
  for (const std::string& name : rule.names) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) continue;
    if (same_argument_twice(rule.arguments)) {
      for (const scmp_arg_cmp& argument : rule.arguments) {
        TRY(add(context, rule.action, name, number, 1, &argument));
      }
    } else {
      TRY(add(context, rule.action, name, number, static_cast<unsigned>(rule.arguments.size()),
              rule.arguments.empty() ? nullptr : rule.arguments.data()));
    }
  }
  return {};
}

Result<std::string> program_of(void* context) {
  Fd memory(memfd_create("creel-seccomp", MFD_CLOEXEC));
  if (!memory.valid()) return errno_error("memfd_create");
  if (const int r = seccomp_export_bpf(context, memory.get()); r != 0) {
    return errno_error("compiling the seccomp filter", -r);
  }
  if (lseek(memory.get(), 0, SEEK_SET) != 0) return errno_error("reading the seccomp filter");
  return read_all(memory.get());
}

Result<std::string> checked(std::string program) {
  if (program.size() > BPF_MAXINSNS * sizeof(sock_filter)) {
    return fail(Code::kInvalid,
                "the seccomp filter is too large: " + std::to_string(program.size() / sizeof(sock_filter)) +
                    " instructions, the kernel takes " + std::to_string(BPF_MAXINSNS));
  }
  return program;
}

}  // namespace

Result<std::string> compile_policy(const SeccompPolicy& policy) {
  if (bpf_serves(policy)) return checked(make_bpf(policy));
  TRY_SET(std::string program, compile_by_libseccomp(policy));
  return checked(std::move(program));
}

Result<std::string> compile_by_libseccomp(const SeccompPolicy& policy) {
  Context context(seccomp_init(policy.default_action));
  if (!context) return fail(Code::kFailed, "libseccomp does not accept the default action");
  for (const std::uint32_t architecture : policy.architectures) {
    const int r = seccomp_arch_add(context.get(), architecture);
    if (r != 0 && r != -EEXIST) {
      Error error = errno_error("adding an architecture to the seccomp filter", -r);
      error.code = Code::kInvalid;
      return error;
    }
  }
  // An older libseccomp without it makes a longer filter that says the same.
  (void)seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree);
  for (const SeccompRule& rule : policy.rules) TRY(add_rule(context.get(), policy, rule));
  return program_of(context.get());
}

}  // namespace creel::engine::runtime
