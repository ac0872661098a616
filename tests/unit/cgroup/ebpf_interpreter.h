// Runs a device filter as the kernel would: the subset of eBPF that such filters are made of. See bpf(2).
#pragma once

#include <linux/bpf.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace creel::tests {

// R0 at the exit. -1: something that this interpreter does not know, or that the verifier would refuse.
inline std::int64_t run_device_filter(const std::vector<bpf_insn>& program, const bpf_cgroup_dev_ctx& context) {
  std::array<std::uint64_t, 11> r{};
  for (std::size_t pc = 0, steps = 0; pc < program.size() && steps < program.size(); ++pc, ++steps) {
    const bpf_insn& one = program[pc];
    std::uint64_t& dst = r[one.dst_reg];
    const std::uint64_t src = r[one.src_reg];
    const auto dst32 = static_cast<std::uint32_t>(dst);
    const auto imm32 = static_cast<std::uint32_t>(one.imm);
    const auto imm64 = static_cast<std::uint64_t>(static_cast<std::int64_t>(one.imm));
    const auto jump = [&pc, &one](bool taken) { pc += taken ? static_cast<std::size_t>(one.off) : 0; };
    if (one.off < 0) return -1;
    switch (one.code) {
      case BPF_LDX | BPF_MEM | BPF_W: {
        if (one.src_reg != BPF_REG_1 || one.off + 4U > sizeof context) return -1;
        std::uint32_t word = 0;
        std::memcpy(&word, reinterpret_cast<const char*>(&context) + one.off, 4);
        dst = word;
        break;
      }
      case BPF_ALU64 | BPF_MOV | BPF_K:
        dst = imm64;
        break;
      case BPF_ALU | BPF_MOV | BPF_X:
        dst = static_cast<std::uint32_t>(src);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        dst = dst32 & imm32;
        break;
      case BPF_ALU | BPF_RSH | BPF_K:
        dst = dst32 >> imm32;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        jump(dst != imm64);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(dst == imm64);
        break;
      case BPF_JMP32 | BPF_JNE | BPF_K:
        jump(dst32 != imm32);
        break;
      case BPF_JMP | BPF_EXIT:
        return static_cast<std::int64_t>(r[0]);
      default:
        return -1;
    }
  }
  return -1;
}

}  // namespace creel::tests
