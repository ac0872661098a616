// Runs a seccomp filter as the kernel would, for tests that ask about every system call. See seccomp(2).
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace creel::tests {

// What the kernel would do: SECCOMP_RET_*. 0xffffffff: the filter does something that this interpreter does not know.
inline std::uint32_t run_filter(const std::string& code, const seccomp_data& data) {
  constexpr std::uint32_t kConfused = 0xffffffff;
  const std::size_t count = code.size() / sizeof(sock_filter);
  std::uint32_t a = 0;
  for (std::size_t pc = 0; pc < count; ++pc) {
    sock_filter one{};
    std::memcpy(&one, code.data() + pc * sizeof(one), sizeof(one));
    switch (one.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (one.k + 4 > sizeof(data)) return kConfused;
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + one.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= one.k;
        break;
      case BPF_JMP | BPF_JA:
        pc += one.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        pc += a == one.k ? one.jt : one.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        pc += a > one.k ? one.jt : one.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        pc += a >= one.k ? one.jt : one.jf;
        break;
      case BPF_RET | BPF_K:
        return one.k;
      default:
        return kConfused;
    }
  }
  return kConfused;
}

}  // namespace creel::tests
