#include "engine/monitor/log_record.h"

#include "base/text.h"

namespace creel::engine::monitor {

namespace {

// A JSON text as bytes: a library would refuse, or replace, what is not UTF-8.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : rest_(text) {}

  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool at(char c) {
    skip_space();
    return !rest_.empty() && rest_.front() == c;
  }
  // A whole string, decoded.
  bool string(std::string& out) {
    out.clear();
    if (!accept('"')) return false;
    for (;;) {
      const std::size_t plain = rest_.find_first_of("\"\\");
      if (plain == std::string_view::npos) return false;
      out.append(rest_, 0, plain);
      const char c = rest_[plain];
      rest_.remove_prefix(plain + 1);
      if (c == '"') return true;
      if (!escape(out)) return false;
    }
  }
  // Any value but a string: numbers, literals, nested objects and arrays.
  bool skip_value(std::string& scratch) {
    int depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"') {
        if (!string(scratch)) return false;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}')) return true;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      rest_.remove_prefix(1);
    }
    return false;
  }
  [[nodiscard]] bool at_end() {
    skip_space();
    return rest_.empty();
  }

 private:
  void skip_space() {
    const std::size_t begin = rest_.find_first_not_of(" \t\r");
    rest_.remove_prefix(begin == std::string_view::npos ? rest_.size() : begin);
  }
  bool hex4(unsigned& out) {
    if (rest_.size() < 4) return false;
    out = 0;
    for (char c : rest_.substr(0, 4)) {
      out <<= 4;
      if (c >= '0' && c <= '9') {
        out |= static_cast<unsigned>(c - '0');
      } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
        out |= static_cast<unsigned>((c | 32) - 'a' + 10);
      } else {
        return false;
      }
    }
    rest_.remove_prefix(4);
    return true;
  }
  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr char kBytes[] = "\"\\/\b\f\n\r\t";
    if (const std::size_t at = kNames.find(c); at != std::string_view::npos) {
      out += kBytes[at];
      return true;
    }
    unsigned code = 0;
    if (c != 'u' || !hex4(code)) return false;
    if (code >= 0xd800 && code < 0xdc00 && rest_.substr(0, 2) == "\\u") {
      unsigned low = 0;
      rest_.remove_prefix(2);
      if (!hex4(low)) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return true;
  }
  static void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xc0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 63));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xe0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 63));
      out += static_cast<char>(0x80 | (code & 63));
    } else {
      out += static_cast<char>(0xf0 | (code >> 18 & 7));
      out += static_cast<char>(0x80 | (code >> 12 & 63));
      out += static_cast<char>(0x80 | (code >> 6 & 63));
      out += static_cast<char>(0x80 | (code & 63));
    }
  }
  std::string_view rest_;
};

std::string_view take_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) return {};
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space + 1);
  return word;
}

bool parse_stream(std::string_view name, bool& is_stderr) {
  is_stderr = name == "stderr";
  return is_stderr || name == "stdout";
}

}  // namespace

bool LogParser::parse_time(std::string_view text, std::int64_t& out) {
  if (text.empty()) return false;
  if (text != last_time_) {
    auto parsed = parse_rfc3339(text);
    if (!parsed.ok()) return false;
    last_time_ = text;
    last_ns_ = *parsed;
  }
  out = last_ns_;
  return true;
}

bool LogParser::parse_k8s(std::string_view line, LogLine& out) {
  if (!parse_time(take_word(line), out.time_ns) || !parse_stream(take_word(line), out.is_stderr)) return false;
  // "F", or "P", and perhaps more tags after a colon.
  const std::string_view tags = take_word(line);
  if (tags.empty() || (tags[0] != 'F' && tags[0] != 'P') || (tags.size() > 1 && tags[1] != ':')) return false;
  out.partial = tags[0] == 'P';
  out.text = line;
  return true;
}

bool LogParser::parse_json(std::string_view line, LogLine& out) {
  JsonScanner scan(line);
  bool has_text = false, has_time = false, has_stream = false;
  if (!scan.accept('{')) return false;
  while (!scan.at('}')) {
    if (!scan.string(key_) || !scan.accept(':')) return false;
    if (scan.at('"')) {
      std::string& value = key_ == "log" ? text_ : value_;
      if (!scan.string(value)) return false;
      if (key_ == "log") has_text = true;
      if (key_ == "time") has_time = parse_time(value_, out.time_ns);
      if (key_ == "stream") has_stream = parse_stream(value_, out.is_stderr);
    } else if (!scan.skip_value(value_)) {
      return false;
    }
    if (!scan.accept(',') && !scan.at('}')) return false;
  }
  if (!scan.accept('}') || !scan.at_end() || !has_text || !has_time || !has_stream) return false;
  out.text = text_;
  out.partial = !out.text.ends_with('\n');
  if (!out.partial) out.text.remove_suffix(1);
  return true;
}

bool LogParser::parse(std::string_view line, LogLine& out) {
  return driver_ == LogDriver::kJsonFile ? parse_json(line, out) : parse_k8s(line, out);
}

}  // namespace creel::engine::monitor
