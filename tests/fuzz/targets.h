// Every fuzz target: hostile bytes in, nothing but a return out. A target checks what must hold whatever comes, and
// aborts where it does not. Built by clang each is a program of libFuzzer's (CREEL_FUZZ); in ./check one program feeds
// them their seeds, `corpus/NAME/*`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

// X(NAME): fuzz_NAME(bytes).
#define CREEL_FUZZ_TARGETS(X) \
  X(archive)                  \
  X(challenge)                \
  X(image_config)             \
  X(location)                 \
  X(manifest)                 \
  X(policy)                   \
  X(reference)                \
  X(registries_conf)          \
  X(registries_d)             \
  X(runtime_config)           \
  X(signature)                \
  X(tar)                      \
  X(whiteouts)

namespace creel::fuzz {

#define CREEL_FUZZ_DECLARE(name) void fuzz_##name(const std::string& input);
CREEL_FUZZ_TARGETS(CREEL_FUZZ_DECLARE)
#undef CREEL_FUZZ_DECLARE

// For what must hold.
inline void must(bool so, const char* what) {
  if (so) return;
  std::fprintf(stderr, "fuzz target: %s\n", what);
  std::abort();
}

// A file in memory with that content, by a path that any reader can open; lives as long as the object.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace creel::fuzz
