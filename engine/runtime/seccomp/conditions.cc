#include "engine/runtime/seccomp/conditions.h"

#include <linux/seccomp.h>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace creel::engine::runtime {

namespace {

// Where a comparison goes, before the distances are known.
enum Target : std::uint8_t { kOn, kHolds, kFails };

std::uint32_t low_offset(unsigned argument) {
  const auto start = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
  return std::endian::native == std::endian::little ? start : start + 4;
}
std::uint32_t high_offset(unsigned argument) {
  return low_offset(argument) ^ 4;
}

constexpr std::size_t kLongest = 6;  // instructions of one condition

class Condition {
 public:
  Condition(const scmp_arg_cmp& argument, bool wide) : argument_(argument), wide_(wide) {
    code_.reserve(kLongest);
    build();
  }
  // With the distances: `fails` is how many instructions there are between this condition's end and where failure goes.
  void append_to(std::vector<sock_filter>& out, std::size_t fails) const {
    for (std::size_t i = 0; i < code_.size(); ++i) {
      sock_filter one = code_[i];
      const std::size_t rest = code_.size() - 1 - i;
      if (BPF_CLASS(one.code) == BPF_JMP) {
        one.jt = distance(one.jt, rest, fails);
        one.jf = distance(one.jf, rest, fails);
      }
      out.push_back(one);
    }
  }
  [[nodiscard]] std::size_t size() const { return code_.size(); }

 private:
  static std::uint8_t distance(std::uint8_t target, std::size_t rest, std::size_t fails) {
    if (target == kOn) return 0;
    return static_cast<std::uint8_t>(target == kHolds ? rest : rest + fails);
  }
  void load(std::uint32_t offset) { code_.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}); }
  void mask(std::uint64_t bits) {
    code_.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, static_cast<std::uint32_t>(bits)});
  }
  void jump(unsigned test, std::uint64_t value, Target yes, Target no) {
    code_.push_back({static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), yes, no, static_cast<std::uint32_t>(value)});
  }
  void equal(std::uint64_t value, Target yes, Target no) {
    if (wide_) {
      load(high_offset(argument_.arg));
      jump(BPF_JEQ, value >> 32, kOn, no);
    }
    load(low_offset(argument_.arg));
    jump(BPF_JEQ, value, yes, no);
  }
  // `test` is BPF_JGE or BPF_JGT.
  void above(unsigned test, std::uint64_t value, Target yes, Target no) {
    if (wide_) {
      load(high_offset(argument_.arg));
      jump(BPF_JGT, value >> 32, yes, kOn);
      jump(BPF_JEQ, value >> 32, kOn, no);
    }
    load(low_offset(argument_.arg));
    jump(test, value, yes, no);
  }
  void masked_equal() {
    const std::uint64_t bits = argument_.datum_a;
    const std::uint64_t value = argument_.datum_b & bits;
    if (wide_) {
      load(high_offset(argument_.arg));
      mask(bits >> 32);
      jump(BPF_JEQ, value >> 32, kOn, kFails);
    }
    load(low_offset(argument_.arg));
    mask(bits);
    jump(BPF_JEQ, value, kHolds, kFails);
  }
  void build() {
    const std::uint64_t value = argument_.datum_a;
    switch (argument_.op) {
      case SCMP_CMP_EQ:
        return equal(value, kHolds, kFails);
      case SCMP_CMP_NE:
        return equal(value, kFails, kHolds);
      case SCMP_CMP_GE:
        return above(BPF_JGE, value, kHolds, kFails);
      case SCMP_CMP_GT:
        return above(BPF_JGT, value, kHolds, kFails);
      case SCMP_CMP_LT:
        return above(BPF_JGE, value, kFails, kHolds);
      case SCMP_CMP_LE:
        return above(BPF_JGT, value, kFails, kHolds);
      case SCMP_CMP_MASKED_EQ:
        return masked_equal();
      default:
        // No operator of a profile: never holds.
        load(low_offset(argument_.arg));
        return jump(BPF_JEQ, 0, kFails, kFails);
    }
  }

  scmp_arg_cmp argument_;
  bool wide_;
  std::vector<sock_filter> code_;
};

}  // namespace

std::vector<sock_filter> alternative_code(const Alternative& alternative) {
  std::vector<Condition> conditions;
  std::size_t rest = 1;  // the return
  for (const scmp_arg_cmp& argument : alternative.arguments) {
    conditions.emplace_back(argument, alternative.wide);
    rest += conditions.back().size();
  }
  std::vector<sock_filter> out;
  out.reserve(rest);
  for (const Condition& one : conditions) {
    rest -= one.size();
    one.append_to(out, rest);
  }
  out.push_back({BPF_RET | BPF_K, 0, 0, alternative.action});
  return out;
}

}  // namespace creel::engine::runtime
