#include "engine/runtime/cgroup/device_filter.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <limits>

#include "base/fd.h"
#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kMaxRules = 4096;  // a program of 1 million instructions is the kernel's limit
constexpr std::uint32_t kAllAccess = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

bpf_insn instruction(int code, int dst, int src, int offset, std::int32_t immediate) {
  bpf_insn out{};
  out.code = static_cast<__u8>(code);
  out.dst_reg = static_cast<__u8>(dst) & 0xf;
  out.src_reg = static_cast<__u8>(src) & 0xf;
  out.off = static_cast<__s16>(offset);
  out.imm = immediate;
  return out;
}

// Registers of the program. R1 is the context; R0 what it returns.
constexpr int kContext = BPF_REG_1, kType = BPF_REG_2, kWanted = BPF_REG_3, kMajor = BPF_REG_4, kMinor = BPF_REG_5;
constexpr int kScratch = BPF_REG_0;

std::vector<bpf_insn> verdict(bool allow) {
  return {instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow ? 1 : 0),
          instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
}

Result<std::uint32_t> access_bits(const DeviceRule& rule) {
  std::uint32_t bits = 0;
  for (const char c : rule.access) {
    if (c != 'r' && c != 'w' && c != 'm') {
      return fail(Code::kInvalid, "device rule: access \"" + rule.access + "\" is not made of r, w and m");
    }
    bits |= c == 'r' ? BPF_DEVCG_ACC_READ : c == 'w' ? BPF_DEVCG_ACC_WRITE : BPF_DEVCG_ACC_MKNOD;
  }
  return bits == 0 ? kAllAccess : bits;
}

// Appends what `rule` does to requests that it fits: the wanted accesses shrink by what it allows, until nothing is
// left.
Result<void> append(const DeviceRule& rule, std::vector<bpf_insn>& program) {
  TRY_SET(const std::uint32_t access, access_bits(rule));
  std::vector<bpf_insn> action;
  const auto add_verdict = [&action](bool allow) {
    for (const bpf_insn& one : verdict(allow)) action.push_back(one);
  };
  const auto bits = static_cast<std::int32_t>(access);
  if (rule.allow && access == kAllAccess) {
    add_verdict(true);
  } else if (rule.allow) {
    action.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, kWanted, 0, 0, ~bits));
    action.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, kWanted, 0, 2, 0));
    add_verdict(true);
  } else {
    action.push_back(instruction(BPF_ALU | BPF_MOV | BPF_X, kScratch, kWanted, 0, 0));
    action.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, kScratch, 0, 0, bits));
    action.push_back(instruction(BPF_JMP | BPF_JEQ | BPF_K, kScratch, 0, 2, 0));
    add_verdict(false);
  }

  std::vector<std::pair<int, std::uint32_t>> conditions;
  if (rule.type == 'c' || rule.type == 'b') {
    conditions.emplace_back(kType, rule.type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
    for (const auto& [number, where] : {std::pair{rule.major, kMajor}, std::pair{rule.minor, kMinor}}) {
      if (!number || *number == -1) continue;  // -1: any, as cgroup v1's "*" is often written
      if (*number < 0 || *number > std::numeric_limits<std::uint32_t>::max()) {
        return fail(Code::kInvalid, "device rule: no such device number: " + std::to_string(*number));
      }
      conditions.emplace_back(where, static_cast<std::uint32_t>(*number));
    }
  } else if (rule.type != 'a') {
    return fail(Code::kInvalid, std::string("device rule: type \"") + rule.type + "\" is not a, b or c");
  }
  // 32-bit comparisons, or a number above 2^31 would be compared with its sign extended.
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const std::size_t over = conditions.size() - i - 1 + action.size();
    program.push_back(instruction(BPF_JMP32 | BPF_JNE | BPF_K, conditions[i].first, 0, static_cast<int>(over),
                                  static_cast<std::int32_t>(conditions[i].second)));
  }
  program.insert(program.end(), action.begin(), action.end());
  return {};
}

long bpf(int command, bpf_attr& attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

Result<Fd> load(const std::vector<bpf_insn>& program) {
  static const char kLicense[] = "";
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = reinterpret_cast<std::uintptr_t>(kLicense);
  long fd = bpf(BPF_PROG_LOAD, attributes);
  if (fd < 0 && errno == EPERM) {
    // Kernels before 5.11 count programs as locked memory.
    rlimit before{};
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    if (getrlimit(RLIMIT_MEMLOCK, &before) == 0 && setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0) {
      fd = bpf(BPF_PROG_LOAD, attributes);
      const int err = errno;
      (void)setrlimit(RLIMIT_MEMLOCK, &before);
      errno = err;
    } else {
      errno = EPERM;
    }
  }
  if (fd < 0) return errno_error("load the device filter");
  return Fd(static_cast<int>(fd));  // the kernel makes it close-on-exec
}

}  // namespace

const std::vector<DeviceRule>& default_device_rules() {
  static const std::vector<DeviceRule> rules{
      {true, 'c', {}, {}, "m"},   {true, 'b', {}, {}, "m"}, {true, 'c', 1, 3, "rwm"},  // null
      {true, 'c', 1, 5, "rwm"},                                                        // zero
      {true, 'c', 1, 7, "rwm"},                                                        // full
      {true, 'c', 1, 8, "rwm"},                                                        // random
      {true, 'c', 1, 9, "rwm"},                                                        // urandom
      {true, 'c', 5, 0, "rwm"},                                                        // tty
      {true, 'c', 5, 2, "rwm"},                                                        // ptmx
      {true, 'c', 136, {}, "rwm"}                                                      // pts/*, and so the console
  };
  return rules;
}

Result<std::vector<bpf_insn>> device_program(const std::vector<DeviceRule>& rules) {
  if (rules.size() > kMaxRules)
    return fail(Code::kInvalid, "device rules: there are more than " + std::to_string(kMaxRules));
  std::vector<bpf_insn> program{
      instruction(BPF_LDX | BPF_MEM | BPF_W, kType, kContext, offsetof(bpf_cgroup_dev_ctx, access_type), 0),
      instruction(BPF_ALU | BPF_MOV | BPF_X, kWanted, kType, 0, 0),
      instruction(BPF_ALU | BPF_RSH | BPF_K, kWanted, 0, 0, 16),
      instruction(BPF_ALU | BPF_AND | BPF_K, kType, 0, 0, 0xffff),
      instruction(BPF_LDX | BPF_MEM | BPF_W, kMajor, kContext, offsetof(bpf_cgroup_dev_ctx, major), 0),
      instruction(BPF_LDX | BPF_MEM | BPF_W, kMinor, kContext, offsetof(bpf_cgroup_dev_ctx, minor), 0),
  };
  // The last rule that fits decides: the first, read backwards. Unreachable code is refused by old kernels: nothing
  // follows a rule that decides everything.
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    TRY_SET(const std::uint32_t access, access_bits(*rule));
    TRY(append(*rule, program));
    if (rule->type == 'a' && rule->allow && access == kAllAccess) return program;
  }
  for (const bpf_insn& one : verdict(false)) program.push_back(one);
  return program;
}

Result<void> attach_device_filter(int group, const std::vector<DeviceRule>& rules) {
  TRY_SET(const auto program, device_program(rules));
  std::array<std::uint32_t, 64> attached{};  // the kernel's limit of programs per group
  bpf_attr query{};
  query.query.target_fd = static_cast<std::uint32_t>(group);
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = reinterpret_cast<std::uintptr_t>(attached.data());
  query.query.prog_cnt = attached.size();
  if (bpf(BPF_PROG_QUERY, query) < 0) return errno_error("query the device filter");

  TRY_SET(const Fd loaded, load(program));
  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(group);
  attach.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attach) < 0) return errno_error("attach the device filter");

  for (std::uint32_t i = 0; i < query.query.prog_cnt && i < attached.size(); ++i) {
    bpf_attr by_id{};
    by_id.prog_id = attached[i];
    const Fd old(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, by_id)));
    if (!old.valid()) return errno_error("open the earlier device filter");
    bpf_attr detach{};
    detach.target_fd = static_cast<std::uint32_t>(group);
    detach.attach_bpf_fd = static_cast<std::uint32_t>(old.get());
    detach.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_DETACH, detach) < 0) return errno_error("detach the earlier device filter");
  }
  return {};
}

Result<void> Cgroup::filter_devices(const std::vector<DeviceRule>& rules) const {
  std::vector<DeviceRule> all = rules;
  const auto& defaults = default_device_rules();
  all.insert(all.end(), defaults.begin(), defaults.end());
  auto attached = attach_device_filter(fd(), all);
  if (!attached.ok()) return std::move(attached).error().within("control group " + path_);
  return {};
}

}  // namespace creel::engine::runtime
