// Recognizing the detach sequence in what is typed. Pure; no thread-safety needed.
#pragma once

#include <string>
#include <string_view>

namespace creel::engine::monitor {

class DetachScanner {
 public:
  // `sequence` as parse_detach_keys() gives it; empty: nothing detaches.
  explicit DetachScanner(std::string sequence) : sequence_(std::move(sequence)) {}
  // Appends to `out` what is the container's. True: the sequence is complete; what was typed after it is dropped. The
  // beginning of a sequence is held back until it is clear that it is none.
  bool scan(std::string_view typed, std::string& out);

 private:
  std::string sequence_;
  std::size_t matched_ = 0;
};

}  // namespace creel::engine::monitor
