// libFuzzer's entry; CREEL_FUZZ_ONE is the target.
#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  creel::fuzz::CREEL_FUZZ_ONE(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
