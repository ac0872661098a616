#include "cmd/output/yaml.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "cmd/output/output.h"

namespace creel::cmd {
namespace {

using nlohmann::json;

// Plain where a YAML reader gets the same text back, else a JSON string, which YAML reads too.
std::string scalar(const json& value) {
  if (!value.is_string()) return compact(value);
  const auto& text = value.get_ref<const std::string&>();
  bool plain = !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) != 0 || text[0] == '/');
  for (const char c : text) {
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                      (c != '\0' && std::string_view("/._- ()+~@").find(c) != std::string_view::npos));
  }
  if (!text.empty() && text.back() == ' ') plain = false;
  for (const char* word : {"true", "false", "null", "yes", "no", "on", "off", "True", "False", "Null", "Yes", "No"}) {
    plain = plain && text != word;
  }
  return plain ? text : compact(value);
}

void append(std::string& out, const json& value, int depth) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  if (value.is_object()) {
    for (auto it = value.begin(); it != value.end(); ++it) {
      out += indent;
      out += it.key();
      out += ':';
      if (it->is_structured() && !it->empty()) {
        out += '\n';
        append(out, *it, it->is_array() ? depth : depth + 1);
      } else {
        out += ' ';
        out += it->is_structured() ? (it->is_array() ? "[]" : "{}") : scalar(*it);
        out += '\n';
      }
    }
    return;
  }
  for (const json& element : value) {
    out += indent;
    out += "- ";
    if (element.is_structured()) {
      std::string inner;
      append(inner, element, depth + 1);
      out += inner.substr(std::min(inner.size(), indent.size() + 2));
    } else {
      out += scalar(element);
      out += '\n';
    }
  }
}

}  // namespace

std::string yaml_text(const json& document) {
  std::string out;
  append(out, document, 0);
  return out;
}

}  // namespace creel::cmd
