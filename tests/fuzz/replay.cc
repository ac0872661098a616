// Feeds every target its seeds, and those cut off in the middle: replay CORPUS-DIRECTORY
#include <algorithm>

#include "base/file.h"
#include "targets.h"

namespace {

using creel::fuzz::must;

int replay(const std::string& corpus, const char* name, void (*target)(const std::string&)) {
  const std::string dir = corpus + "/" + name;
  auto seeds = creel::list_dir(dir);
  must(seeds.ok() && !seeds->empty(), (dir + " has no seeds").c_str());
  std::sort(seeds->begin(), seeds->end());
  for (const std::string& seed : *seeds) {
    auto bytes = creel::read_file(dir + "/" + seed);
    must(bytes.ok(), seed.c_str());
    // What is aborted over is told by the last line.
    std::printf("%s/%s\n", name, seed.c_str());
    std::fflush(stdout);
    target(*bytes);
    target(bytes->substr(0, bytes->size() / 2));
    target(bytes->substr(0, bytes->size() - bytes->size() / 8));
  }
  return static_cast<int>(seeds->size());
}

}  // namespace

int main(int argc, char** argv) {
  must(argc == 2, "usage: replay CORPUS-DIRECTORY");
  int seeds = 0;
#define CREEL_FUZZ_REPLAY(name) seeds += replay(argv[1], #name, creel::fuzz::fuzz_##name);
  CREEL_FUZZ_TARGETS(CREEL_FUZZ_REPLAY)
#undef CREEL_FUZZ_REPLAY
  std::printf("%d seeds\n", seeds);
}
