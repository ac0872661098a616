#include "engine/runtime/seccomp/bpf.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "engine/runtime/seccomp/conditions.h"
#include "engine/runtime/seccomp/verdicts.h"

namespace creel::engine::runtime {

namespace {

using Code = std::vector<sock_filter>;

// Numbers of x32 have this bit; the kernel gives them the audit architecture of x86-64.
constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::size_t kFarthest = 255;

// System calls of one audit architecture.
struct Table {
  std::uint32_t audit = 0;
  bool plain = false, x32 = false;
  Verdicts verdicts;
};

// From `first` to the next one's first.
struct Range {
  std::uint32_t first;
  std::uint32_t action;                     // of all of them,
  const std::vector<Alternative>* several;  // after these
};

void append(Code& out, const Code& more) {
  out.insert(out.end(), more.begin(), more.end());
}

std::vector<std::uint32_t> architectures_of(const SeccompPolicy& policy) {
  std::vector<std::uint32_t> out = {seccomp_arch_native()};
  for (const std::uint32_t one : policy.architectures) {
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
  }
  return out;
}

std::vector<Table> tables_of(const SeccompPolicy& policy) {
  std::vector<Table> out;
  for (const std::uint32_t architecture : architectures_of(policy)) {
    const bool x32 = architecture == SCMP_ARCH_X32;
    const std::uint32_t audit = x32 ? std::uint32_t{AUDIT_ARCH_X86_64} : architecture;
    auto table = std::find_if(out.begin(), out.end(), [audit](const Table& one) { return one.audit == audit; });
    if (table == out.end()) {
      out.emplace_back();
      table = out.end() - 1;
      table->audit = audit;
    }
    (x32 ? table->x32 : table->plain) = true;
    add_verdicts(policy, architecture, table->verdicts);
  }
  return out;
}

void add_range(std::vector<Range>& out, Range one) {
  if (!out.empty() && out.back().first == one.first) out.pop_back();
  const bool same =
      !out.empty() && out.back().several == nullptr && one.several == nullptr && out.back().action == one.action;
  if (!same) out.push_back(one);
}

// Gaps get the default action, or the death that calls of an architecture deserve which is not listed.
std::vector<Range> ranges_of(const Table& table, std::uint32_t default_action) {
  const auto gap = [&](std::uint32_t number) {
    if (table.audit != AUDIT_ARCH_X86_64) return default_action;
    return (number < kX32Bit ? table.plain : table.x32) ? default_action : std::uint32_t{SCMP_ACT_KILL_THREAD};
  };
  std::vector<Range> out = {{0, gap(0), nullptr}};
  bool above = false;
  for (const auto& [number, verdict] : table.verdicts) {
    if (number >= kX32Bit && !above) {
      above = true;
      add_range(out, {kX32Bit, gap(kX32Bit), nullptr});
    }
    if (verdict.decided) {
      add_range(out, {number, verdict.action, nullptr});
    } else {
      add_range(out, {number, default_action, &verdict.alternatives});
    }
    add_range(out, {number + 1, gap(number + 1), nullptr});
  }
  if (!above) add_range(out, {kX32Bit, gap(kX32Bit), nullptr});
  // -1 is no call of x32: it is what a tracer writes to have a call skipped.
  add_range(out, {UINT32_MAX, default_action, nullptr});
  return out;
}

// The system call's number is in the accumulator.
Code search(std::span<const Range> ranges) {
  Code out;
  if (ranges.size() == 1) {
    if (ranges[0].several != nullptr) {
      for (const Alternative& one : *ranges[0].several) append(out, alternative_code(one));
    }
    out.push_back({BPF_RET | BPF_K, 0, 0, ranges[0].action});
    return out;
  }
  const std::size_t middle = ranges.size() / 2;
  const Code below = search(ranges.first(middle));
  const std::uint32_t first = ranges[middle].first;
  constexpr std::uint16_t kAtLeast = BPF_JMP | BPF_JGE | BPF_K;
  if (below.size() <= kFarthest) {
    out.push_back({kAtLeast, static_cast<std::uint8_t>(below.size()), 0, first});
  } else {
    out.push_back({kAtLeast, 0, 1, first});
    out.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(below.size())});
  }
  append(out, below);
  append(out, search(ranges.subspan(middle)));
  return out;
}

}  // namespace

bool bpf_serves(const SeccompPolicy& policy) {
  const std::vector<std::uint32_t> all = architectures_of(policy);
  return std::all_of(all.begin(), all.end(), has_verdicts);
}

std::string make_bpf(const SeccompPolicy& policy) {
  constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
  Code out = {{kLoad, 0, 0, offsetof(seccomp_data, arch)}};
  const std::vector<Table> tables = tables_of(policy);
  for (const Table& table : tables) {
    const Code body = search(ranges_of(table, policy.default_action));
    out.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, table.audit});
    out.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(body.size() + 1)});
    out.push_back({kLoad, 0, 0, offsetof(seccomp_data, nr)});
    append(out, body);
  }
  out.push_back({BPF_RET | BPF_K, 0, 0, SCMP_ACT_KILL_THREAD});
  return {reinterpret_cast<const char*>(out.data()), out.size() * sizeof(sock_filter)};
}

}  // namespace creel::engine::runtime
