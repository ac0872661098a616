#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "cmd/output/template_ast.h"

namespace creel::cmd::tmpl {
namespace {

constexpr int kDeepest = 100;  // nested blocks or parentheses: keeps recursion off the stack's end

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The inside of one action.
class ActionParser {
 public:
  ActionParser(const std::string& text, int depth) : text_(text), depth_(depth) {}

  void blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool done() {
    blanks();
    return at_ >= text_.size();
  }
  // A leading keyword, or "".
  std::string keyword() {
    blanks();
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    const std::string word = text_.substr(at_, end - at_);
    for (const char* known :
         {"if", "else", "range", "with", "end", "break", "continue", "define", "template", "block"}) {
      if (word == known) {
        at_ = end;
        return word;
      }
    }
    return {};
  }

  Result<Pipeline> pipeline(const std::string& context) {
    Pipeline pipe;
    TRY(declarations(pipe));
    while (true) {
      TRY_SET(Call call, this->call());
      if (call.words.empty()) return template_error("missing value for " + context);
      pipe.calls.push_back(std::move(call));
      blanks();
      if (at_ < text_.size() && text_[at_] == '|') {
        ++at_;
        continue;
      }
      return pipe;
    }
  }

  Result<void> expect_end(const std::string& context) {
    if (done()) return {};
    return template_error("unexpected \"" + text_.substr(at_) + "\" in " + context);
  }

 private:
  // "$x :=", "$i, $x :=", "$x =".
  Result<void> declarations(Pipeline& pipe) {
    const std::size_t start = at_;
    std::vector<std::string> names;
    while (true) {
      blanks();
      if (at_ >= text_.size() || text_[at_] != '$') break;
      ++at_;
      names.push_back(word());
      blanks();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (text_.compare(at_, 2, ":=") == 0 || (text_.compare(at_, 1, "=") == 0)) {
        pipe.assign = text_[at_] == '=';
        at_ += pipe.assign ? 1 : 2;
        if (names.size() > 2) return template_error("too many declarations");
        pipe.variables = std::move(names);
        return {};
      }
      break;
    }
    at_ = start;
    return {};
  }

  std::string word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  Result<Call> call() {
    Call call;
    while (true) {
      blanks();
      if (at_ >= text_.size() || text_[at_] == '|' || text_[at_] == ')') return call;
      TRY_SET(Operand operand, this->operand());
      if (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '|' && text_[at_] != ')' && text_[at_] != '(') {
        return template_error("unexpected \"" + text_.substr(at_, 1) + "\" in operand");
      }
      call.words.push_back(std::move(operand));
    }
  }

  Result<Operand> operand() {
    const std::size_t start = at_;
    Operand operand;
    const char c = text_[at_];
    if (c == '.' && at_ + 1 < text_.size() && is_word(text_[at_ + 1])) {
      operand.kind = Operand::Kind::kDot;
    } else if (c == '.') {
      ++at_;
    } else if (c == '$') {
      ++at_;
      operand.kind = Operand::Kind::kVariable;
      operand.name = word();
    } else if (c == '(') {
      ++at_;
      if (++depth_ > kDeepest) return template_error("nested too deeply");
      TRY_SET(Pipeline inner, pipeline("parenthesized pipeline"));
      --depth_;
      blanks();
      if (at_ >= text_.size() || text_[at_] != ')') return template_error("unclosed left paren");
      ++at_;
      operand.kind = Operand::Kind::kParentheses;
      operand.inner = std::make_shared<Pipeline>(std::move(inner));
    } else if (c == '"' || c == '`' || c == '\'') {
      TRY(quoted(operand));
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+') {
      TRY(number(operand));
    } else if (is_word(c)) {
      TRY(identifier(operand));
    } else {
      return template_error(std::string("unexpected \"") + c + "\" in command");
    }
    while (at_ + 1 < text_.size() && text_[at_] == '.' && is_word(text_[at_ + 1])) {
      ++at_;
      operand.fields.push_back(word());
    }
    operand.source = text_.substr(start, at_ - start);
    return operand;
  }

  Result<void> identifier(Operand& operand) {
    const std::string name = word();
    operand.kind = Operand::Kind::kLiteral;
    if (name == "true" || name == "false") {
      operand.literal = std::make_shared<nlohmann::json>(name == "true");
    } else if (name == "nil") {
      operand.literal = std::make_shared<nlohmann::json>(nullptr);
    } else if (is_function(name)) {
      operand.kind = Operand::Kind::kFunction;
      operand.name = name;
    } else {
      return template_error("function \"" + name + "\" not defined");
    }
    return {};
  }

  Result<void> number(Operand& operand) {
    const std::size_t start = at_;
    const std::size_t first = text_[at_] == '+' ? at_ + 1 : at_;
    ++at_;
    while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.')) ++at_;
    const char* begin = text_.data() + first;
    const char* end = text_.data() + at_;
    std::int64_t whole = 0;
    double real = 0;
    operand.kind = Operand::Kind::kLiteral;
    if (auto parsed = std::from_chars(begin, end, whole); parsed.ec == std::errc{} && parsed.ptr == end) {
      operand.literal = std::make_shared<nlohmann::json>(whole);
    } else if (auto wide = std::from_chars(begin, end, real); wide.ec == std::errc{} && wide.ptr == end) {
      operand.literal = std::make_shared<nlohmann::json>(real);
    } else {
      return template_error("bad number syntax: \"" + text_.substr(start, at_ - start) + "\"");
    }
    return {};
  }

  static void append_rune(std::string& out, unsigned long rune) {
    if (rune < 0x80) {
      out += static_cast<char>(rune);
    } else if (rune < 0x800) {
      out += static_cast<char>(0xC0 | (rune >> 6));
      out += static_cast<char>(0x80 | (rune & 0x3F));
    } else if (rune < 0x10000) {
      out += static_cast<char>(0xE0 | (rune >> 12));
      out += static_cast<char>(0x80 | ((rune >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (rune & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | (rune >> 18));
      out += static_cast<char>(0x80 | ((rune >> 12) & 0x3F));
      out += static_cast<char>(0x80 | ((rune >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (rune & 0x3F));
    }
  }

  Result<void> quoted(Operand& operand) {
    const char quote = text_[at_++];
    std::string value;
    while (true) {
      if (at_ >= text_.size() || (text_[at_] == '\n' && quote != '`')) {
        return template_error(quote == '`' ? "unterminated raw quoted string" : "unterminated quoted string");
      }
      const char c = text_[at_++];
      if (c == quote) break;
      if (c != '\\' || quote == '`') {
        value += c;
        continue;
      }
      TRY(escape(value));
    }
    operand.kind = Operand::Kind::kLiteral;
    if (quote == '\'') {
      if (value.empty()) return template_error("empty character constant");
      operand.literal = std::make_shared<nlohmann::json>(static_cast<unsigned char>(value[0]));
    } else {
      operand.literal = std::make_shared<nlohmann::json>(std::move(value));
    }
    return {};
  }

  Result<void> escape(std::string& value) {
    static constexpr std::string_view kLetters = "abfnrtv\\\"'";
    static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"'";
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    if (const std::size_t known = c == '\0' ? std::string_view::npos : kLetters.find(c);
        known != std::string_view::npos) {
      value += kMeanings[known];
      return {};
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : c >= '0' && c <= '7' ? 3 : 0;
    const std::size_t start = digits == 3 ? at_ - 1 : at_;
    unsigned long rune = 0;
    if (digits != 0 && start + digits <= text_.size()) {
      const char* end = text_.data() + start + digits;
      const auto parsed = std::from_chars(text_.data() + start, end, rune, digits == 3 ? 8 : 16);
      const unsigned long limit = digits < 4 ? 0xFF : 0x10FFFF;
      if (parsed.ec == std::errc{} && parsed.ptr == end && rune <= limit && (rune < 0xD800 || rune > 0xDFFF)) {
        at_ = start + digits;
        if (digits < 4) {
          value += static_cast<char>(rune);
        } else {
          append_rune(value, rune);
        }
        return {};
      }
    }
    return template_error("bad character in quoted string: \"\\" + std::string(1, c) + "\"");
  }

  const std::string& text_;
  std::size_t at_ = 0;
  int depth_;
};

struct Piece {
  bool action;
  std::string text;
};

// The end of an action's text, past quotes; npos when it is not closed.
std::size_t close_of(const std::string& text, std::size_t at) {
  char quote = '\0';
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (c == '\\' && quote != '`') {
        ++at;
      } else if (c == quote) {
        quote = '\0';
      }
    } else if (c == '"' || c == '`' || c == '\'') {
      quote = c;
    } else if (text.compare(at, 2, "}}") == 0) {
      return at;
    } else if (text.compare(at, 2, "{{") == 0) {
      return std::string::npos;
    }
  }
  return std::string::npos;
}

// Text and actions; trim markers and comments are gone afterwards.
Result<std::vector<Piece>> pieces_of(const std::string& text) {
  std::vector<Piece> pieces;
  bool trim_next = false;
  const auto add_text = [&](std::string piece, bool trim_end) {
    if (trim_next) piece.erase(0, std::min(piece.find_first_not_of(" \t\r\n"), piece.size()));
    if (trim_end) piece.erase(piece.find_last_not_of(" \t\r\n") + 1);
    if (!piece.empty()) pieces.push_back({false, std::move(piece)});
  };
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("{{", at);
    if (open == std::string::npos) {
      add_text(text.substr(at), false);
      return pieces;
    }
    std::size_t inside = open + 2;
    const bool trim_before = inside + 1 < text.size() && text[inside] == '-' && is_blank(text[inside + 1]);
    add_text(text.substr(at, open - at), trim_before);
    if (trim_before) inside += 2;
    std::size_t close = 0;
    if (text.compare(inside, 2, "/*") == 0) {
      const std::size_t end = text.find("*/", inside + 2);
      if (end == std::string::npos) return template_error("unclosed comment");
      close = text.find("}}", end);
      const std::string rest = close == std::string::npos ? "?" : text.substr(end + 2, close - end - 2);
      if (!rest.empty() && rest != " -") return template_error("comment ends before closing delimiter");
      trim_next = !rest.empty();
      at = close + 2;
      continue;
    }
    close = close_of(text, inside);
    if (close == std::string::npos) return template_error("unclosed action");
    std::string body = text.substr(inside, close - inside);
    trim_next = body.size() >= 2 && body.back() == '-' && is_blank(body[body.size() - 2]);
    if (trim_next) body.resize(body.size() - 2);
    pieces.push_back({true, std::move(body)});
    at = close + 2;
  }
}

class TreeParser {
 public:
  explicit TreeParser(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  Result<std::vector<Node>> all() {
    TRY_SET(auto nodes, list(0));
    if (!stop_.empty()) return template_error("unexpected {{" + stop_ + "}}");
    return nodes;
  }

 private:
  // Up to the {{end}} or {{else …}} that closes it, which stop_ and rest_ then hold.
  Result<std::vector<Node>> list(int depth) {
    if (depth > kDeepest) return template_error("nested too deeply");
    std::vector<Node> nodes;
    stop_.clear();
    while (at_ < pieces_.size()) {
      Piece& piece = pieces_[at_++];
      if (!piece.action) {
        nodes.push_back({Node::Kind::kText, std::move(piece.text), {}, {}, {}});
        continue;
      }
      ActionParser action(piece.text, 0);
      const std::string keyword = action.keyword();
      if (keyword == "end" || keyword == "else") {
        if (keyword == "end") TRY(action.expect_end("end"));
        stop_ = keyword;
        stop_action_ = at_ - 1;
        return nodes;
      }
      TRY_SET(Node node, this->node(keyword, action, depth));
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

  Result<Node> node(const std::string& keyword, ActionParser& action, int depth) {
    Node node;
    if (keyword == "break" || keyword == "continue") {
      if (loops_ == 0) return template_error("{{" + keyword + "}} outside {{range}}");
      TRY(action.expect_end(keyword));
      node.kind = keyword == "break" ? Node::Kind::kBreak : Node::Kind::kContinue;
      return node;
    }
    if (keyword == "define" || keyword == "template" || keyword == "block") {
      return fail(Code::kUnsupported, "template: {{" + keyword + "}} is not built yet");
    }
    if (keyword.empty()) {
      node.kind = Node::Kind::kAction;
      TRY_SET(node.pipeline, action.pipeline("command"));
      TRY(action.expect_end("command"));
      return node;
    }
    node.kind = keyword == "if" ? Node::Kind::kIf : keyword == "range" ? Node::Kind::kRange : Node::Kind::kWith;
    TRY_SET(node.pipeline, action.pipeline(keyword));
    TRY(action.expect_end(keyword));
    if (node.kind == Node::Kind::kRange) ++loops_;
    TRY_SET(node.body, list(depth + 1));
    if (node.kind == Node::Kind::kRange) --loops_;
    if (stop_ == "else") {
      // The copy outlives the vector's element moves inside list().
      const std::string text = pieces_[stop_action_].text;
      ActionParser rest(text, 0);
      rest.keyword();
      if (rest.done()) {
        TRY_SET(node.otherwise, list(depth + 1));
        if (stop_ == "else") return template_error("expected end; found {{else}}");
      } else {
        // {{else if X}} is {{else}}{{if X}} with one {{end}} for both.
        const std::string next = rest.keyword();
        if (next != "if" && next != "with") return template_error("unexpected \"" + text + "\"");
        TRY_SET(Node chained, this->node(next, rest, depth + 1));
        node.otherwise.push_back(std::move(chained));
        return node;
      }
    }
    if (stop_ != "end") return template_error("unexpected EOF: {{" + keyword + "}} has no {{end}}");
    stop_.clear();
    return node;
  }

  std::vector<Piece> pieces_;
  std::size_t at_ = 0;
  std::string stop_;
  std::size_t stop_action_ = 0;
  int loops_ = 0;
};

}  // namespace

Result<std::vector<Node>> parse_template(const std::string& text) {
  TRY_SET(auto pieces, pieces_of(text));
  return TreeParser(std::move(pieces)).all();
}

}  // namespace creel::cmd::tmpl
