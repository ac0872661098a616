#include "registry/challenge.h"

#include <cctype>
#include <cstring>

namespace creel::registry {

namespace {

bool is_token_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  [[nodiscard]] bool at_end() const { return text_.empty(); }
  void skip_blanks() { skip(" \t"); }
  void skip_separators() { skip(" \t,"); }
  bool take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void drop() { text_.remove_prefix(1); }
  std::string token() {
    std::size_t n = 0;
    while (n < text_.size() && is_token_char(text_[n])) ++n;
    std::string out(text_.substr(0, n));
    text_.remove_prefix(n);
    return out;
  }
  // Some servers leave the quotes out where a token would not do.
  std::string bare() {
    std::string out(text_.substr(0, text_.find_first_of(" \t,")));
    text_.remove_prefix(out.size());
    return out;
  }
  std::string quoted() {
    std::string out;
    while (!text_.empty() && text_[0] != '"') {
      if (text_[0] == '\\' && text_.size() > 1) text_.remove_prefix(1);
      out += text_[0];
      text_.remove_prefix(1);
    }
    take('"');
    return out;
  }

 private:
  void skip(std::string_view which) {
    while (!text_.empty() && which.find(text_[0]) != std::string_view::npos) text_.remove_prefix(1);
  }
  std::string_view text_;
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> out;
  Reader in(header);
  for (in.skip_separators(); !in.at_end(); in.skip_separators()) {
    const std::string word = lower(in.token());
    if (word.empty()) {
      in.drop();
      continue;
    }
    in.skip_blanks();
    // A word is a parameter's name where "=" follows, else the scheme of the next challenge.
    if (!in.take('=')) {
      out.push_back({word, {}});
      continue;
    }
    in.skip_blanks();
    std::string value = in.take('"') ? in.quoted() : in.bare();
    if (!out.empty()) out.back().parameters.emplace(word, std::move(value));
  }
  return out;
}

}  // namespace creel::registry
