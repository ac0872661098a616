#include "engine/monitor/detach_keys.h"

#include "base/text.h"
#include "engine/monitor/client.h"

namespace creel::engine::monitor {

namespace {

// A key's byte, or -1: one character, or ctrl- with a letter or one of @[\]^_ as ASCII has it.
int byte_of(const std::string& key) {
  if (key.size() == 1) return static_cast<unsigned char>(key[0]);
  if (key.size() != 6 || key.compare(0, 5, "ctrl-") != 0) return -1;
  char c = key[5];
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return c >= '@' && c <= '_' ? c - '@' : -1;
}

}  // namespace

Result<std::string> parse_detach_keys(const std::string& text) {
  std::string out;
  if (text.empty()) return out;
  for (const std::string& key : split(text, ',')) {
    const int byte = byte_of(key);
    if (byte < 0) {
      return fail(Code::kInvalid, "invalid detach keys \"" + text + "\": \"" + key + "\" is no key")
          .with_hint(
              "a comma-separated list of single characters and ctrl-a … ctrl-z, ctrl-@, ctrl-[, ctrl-\\, ctrl-], "
              "ctrl-^, ctrl-_");
    }
    out += static_cast<char>(byte);
  }
  return out;
}

bool DetachScanner::scan(std::string_view typed, std::string& out) {
  if (sequence_.empty()) {
    out += typed;
    return false;
  }
  for (char c : typed) {
    std::string held = sequence_.substr(0, matched_) + c;
    // The longest end of what is held that begins the sequence is kept, what is before it goes to the container.
    std::size_t keep = held.size();
    while (keep > 0 && (keep > sequence_.size() || held.compare(held.size() - keep, keep, sequence_, 0, keep) != 0))
      --keep;
    out.append(held, 0, held.size() - keep);
    matched_ = keep;
    if (matched_ == sequence_.size()) return true;
  }
  return false;
}

}  // namespace creel::engine::monitor
