// Runs at build time: writes the default seccomp policy, compiled to BPF, as C++ source to the file named. Starting a
// container then copies a filter instead of making it.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/seccomp/default_policy.h"
#include "engine/runtime/seccomp/precompiled.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

void write_filter(std::ofstream& out, const std::string& name, const std::string& program) {
  out << "const sock_filter " << name << "[] = {\n";
  for (std::size_t at = 0; at < program.size(); at += sizeof(sock_filter)) {
    sock_filter one{};
    std::memcpy(&one, program.data() + at, sizeof(one));
    out << "{" << one.code << "," << unsigned{one.jt} << "," << unsigned{one.jf} << "," << one.k << "u},\n";
  }
  out << "};\n";
}

// The capabilities that containers are usually run with, as far as the policy asks for them: the default ones, none,
// all, and the default ones with one added. Any other set is compiled when it is asked for.
Result<std::vector<std::uint64_t>> usual_sets() {
  TRY_SET(const std::uint64_t by_default, capability_mask(default_capabilities()));
  const std::uint64_t relevant = default_policy_capabilities();
  std::vector<std::uint64_t> sets = {by_default & relevant, 0, relevant};
  for (unsigned number = 0; number < 64; ++number) {
    const std::uint64_t one = std::uint64_t{1} << number;
    if ((relevant & one) != 0 && (by_default & one) == 0) sets.push_back((by_default & relevant) | one);
  }
  return sets;
}

Result<void> write_all_filters(const char* path) {
  TRY_SET(const std::vector<std::uint64_t> sets, usual_sets());
  std::ofstream out(path);
  out << "#include \"engine/runtime/seccomp/precompiled.h\"\n\nnamespace creel::engine::runtime {\n\nnamespace {\n";
  for (std::size_t i = 0; i < sets.size(); ++i) {
    TRY_SET(const std::string program, compile_policy(default_policy(sets[i])));
    write_filter(out, "kFilter" + std::to_string(i), program);
  }
  out << "}  // namespace\n\nconst PrecompiledFilter kPrecompiledFilters[] = {\n";
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const std::string name = "kFilter" + std::to_string(i);
    out << "{" << sets[i] << "u, " << name << ", sizeof(" << name << ") / sizeof(sock_filter)},\n";
  }
  out << "};\nconst std::size_t kPrecompiledFilterCount = " << sets.size()
      << ";\n\n}  // namespace creel::engine::runtime\n";
  out.flush();
  if (!out) return fail(Code::kFailed, std::string("writing ") + path);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s OUTPUT\n", argv[0]);
    return 2;
  }
  auto done = write_all_filters(argv[1]);
  if (done.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", argv[0], done.error().text.c_str());
  std::remove(argv[1]);
  return 1;
}
