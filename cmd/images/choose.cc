#include "cmd/images/choose.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/text.h"

namespace creel::cmd {

Result<std::string> choose(const std::string& question, const std::vector<std::string>& candidates) {
  std::fprintf(stderr, "%s:\n", question.c_str());
  for (std::size_t i = 0; i < candidates.size(); ++i) std::fprintf(stderr, "  %zu) %s\n", i + 1, candidates[i].c_str());
  for (;;) {
    std::fprintf(stderr, "[1-%zu] ", candidates.size());
    std::string line;
    // Byte by byte: what follows the line belongs to whoever reads next.
    char c = 0;
    ssize_t got = 0;
    while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n' && line.size() < 4096) line += c;
    const std::string answer(trim(line));
    if (std::find(candidates.begin(), candidates.end(), answer) != candidates.end()) return answer;
    const auto number = parse_int(answer, "choice");
    if (number && *number >= 1 && *number <= std::ssize(candidates))
      return candidates[static_cast<std::size_t>(*number) - 1];
    if (got <= 0) return fail(Code::kInvalid, "nothing was chosen");
  }
}

}  // namespace creel::cmd
