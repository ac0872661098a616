#include "cmd/system/build_info.h"

#include <nlohmann/json.hpp>

namespace creel::cmd {

const char* image_architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#elif defined(__riscv)
  return "riscv64";
#elif defined(__powerpc64__)
  return "ppc64le";
#elif defined(__s390x__)
  return "s390x";
#elif defined(__i386__)
  return "386";
#elif defined(__arm__)
  return "arm";
#else
  return "unknown";
#endif
}

nlohmann::json version_document() {
#if defined(__clang__)
  const std::string compiler = "clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__);
#else
  const std::string compiler = "gcc " __VERSION__;
#endif
  return {{"APIVersion", CREEL_VERSION},
          {"Version", CREEL_VERSION},
          {"Compiler", compiler},
          {"GoVersion", ""},
          {"GitCommit", ""},
          {"BuiltTime", ""},
          {"Built", 0},
          {"OsArch", std::string("linux/") + image_architecture()},
          {"Os", "linux"}};
}

}  // namespace creel::cmd
