// The syntax tree of a template: plain data, made by parse_template(), walked by template_eval.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace creel::cmd::tmpl {

struct Pipeline;

// One word of a command, with the fields asked of it: `(index .X 0).HostPort`, `$v.Name`, `.A.B`, `"text"`, `len`.
struct Operand {
  enum class Kind : std::uint8_t { kDot, kVariable, kLiteral, kFunction, kParentheses };
  Kind kind = Kind::kDot;
  std::string name;  // kVariable ("" is $), kFunction
  std::shared_ptr<nlohmann::json> literal;
  std::shared_ptr<Pipeline> inner;  // kParentheses
  std::vector<std::string> fields;
  std::string source;  // for messages
};
struct Call {
  std::vector<Operand> words;
};
struct Pipeline {
  std::vector<std::string> variables;  // "$i, $v :=": names without $
  bool assign = false;                 // "=" instead of ":="
  std::vector<Call> calls;
};

struct Node {
  enum class Kind : std::uint8_t { kText, kAction, kIf, kRange, kWith, kBreak, kContinue };
  Kind kind = Kind::kText;
  std::string text;
  Pipeline pipeline;
  std::vector<Node> body;
  std::vector<Node> otherwise;
};

// kInvalid: "template: unexpected {{end}}", …; kUnsupported for define, template and block.
Result<std::vector<Node>> parse_template(const std::string& text);

// Functions of a pipeline other than and, or (those do not evaluate all arguments). kInvalid.
bool is_function(const std::string& name);
Result<nlohmann::json> call_function(const std::string& name, const std::vector<nlohmann::json>& arguments);

// How Go prints a value: text raw, "[a b]", "map[k:v]".
std::string go_text(const nlohmann::json& value);
bool go_truth(const nlohmann::json& value);

inline Error template_error(std::string text) {
  return fail(Code::kInvalid, "template: " + std::move(text));
}

}  // namespace creel::cmd::tmpl
