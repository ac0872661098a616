#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/output/output.h"
#include "cmd/output/printf.h"
#include "cmd/output/template_ast.h"

namespace creel::cmd::tmpl {
namespace {

using nlohmann::json;
using Arguments = std::vector<json>;

struct Function {
  const char* name;
  int min;
  int max;  // -1: any
  Result<json> (*call)(const Arguments&);
};

std::string map_text(std::string text, int (*convert)(int)) {
  for (char& c : text) c = static_cast<char>(convert(static_cast<unsigned char>(c)));
  return text;
}

bool is_rune_start(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

// -1, 0, 1; an error for values that Go does not compare.
Result<int> order(const json& a, const json& b, const char* name) {
  if (a.is_number() && b.is_number()) return a < b ? -1 : a == b ? 0 : 1;
  if (a.is_string() && b.is_string()) {
    const int result = a.get_ref<const std::string&>().compare(b.get_ref<const std::string&>());
    return result < 0 ? -1 : result > 0 ? 1 : 0;
  }
  return template_error(std::string("error calling ") + name + ": incompatible types for comparison");
}

Result<bool> equal(const json& a, const json& b, const char* name) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (a.is_boolean() && b.is_boolean()) return a == b;
  if (a.is_structured() || b.is_structured()) {
    return template_error(std::string("error calling ") + name + ": non-comparable types");
  }
  TRY_SET(const int result, order(a, b, name));
  return result == 0;
}

Result<json> call_eq(const Arguments& a) {
  for (std::size_t i = 1; i < a.size(); ++i) {
    TRY_SET(const bool same, equal(a[0], a[i], "eq"));
    if (same) return json(true);
  }
  return json(false);
}
Result<json> call_ne(const Arguments& a) {
  TRY_SET(const bool same, equal(a[0], a[1], "ne"));
  return json(!same);
}
Result<json> call_lt(const Arguments& a) {
  TRY_SET(const int result, order(a[0], a[1], "lt"));
  return json(result < 0);
}
Result<json> call_le(const Arguments& a) {
  TRY_SET(const int result, order(a[0], a[1], "le"));
  return json(result <= 0);
}
Result<json> call_gt(const Arguments& a) {
  TRY_SET(const int result, order(a[0], a[1], "gt"));
  return json(result > 0);
}
Result<json> call_ge(const Arguments& a) {
  TRY_SET(const int result, order(a[0], a[1], "ge"));
  return json(result >= 0);
}
Result<json> call_not(const Arguments& a) {
  return json(!go_truth(a[0]));
}

Result<json> call_len(const Arguments& a) {
  if (a[0].is_string()) return json(a[0].get_ref<const std::string&>().size());
  if (a[0].is_structured() || a[0].is_null()) return json(a[0].size());
  return template_error("error calling len: len of " + go_text(a[0]));
}

Result<json> call_index(const Arguments& a) {
  json value = a[0];
  for (std::size_t i = 1; i < a.size(); ++i) {
    if (value.is_object()) {
      if (!a[i].is_string()) return template_error("error calling index: a map's key is a string");
      const auto found = value.find(a[i].get_ref<const std::string&>());
      // An absent key of a Go map is its type's zero value, which prints as nothing here.
      json next = found == value.end() ? json("") : *found;
      value = std::move(next);
      continue;
    }
    if (value.is_array() || value.is_null() || value.is_string()) {
      if (!a[i].is_number_integer()) return template_error("error calling index: cannot index with " + go_text(a[i]));
      const auto at = a[i].get<std::int64_t>();
      const std::size_t size = value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
      if (at < 0 || static_cast<std::size_t>(at) >= size) {
        return template_error("error calling index: index out of range: " + std::to_string(at));
      }
      const auto place = static_cast<std::size_t>(at);
      json next = value.is_string() ? json(static_cast<unsigned char>(value.get_ref<const std::string&>()[place]))
                                    : value[place];
      value = std::move(next);
      continue;
    }
    return template_error("error calling index: can't index " + go_text(value));
  }
  return value;
}

Result<json> call_slice(const Arguments& a) {
  const bool text = a[0].is_string();
  if (!text && !a[0].is_array()) return template_error("error calling slice: can't slice " + go_text(a[0]));
  const std::size_t size = text ? a[0].get_ref<const std::string&>().size() : a[0].size();
  std::array<std::size_t, 2> bounds = {0, size};
  for (std::size_t i = 1; i < a.size(); ++i) {
    if (!a[i].is_number_integer()) return template_error("error calling slice: cannot slice with " + go_text(a[i]));
    const auto at = a[i].get<std::int64_t>();
    if (at < 0 || static_cast<std::size_t>(at) > size) {
      return template_error("error calling slice: index out of range: " + std::to_string(at));
    }
    bounds.at(i - 1) = static_cast<std::size_t>(at);
  }
  if (bounds[0] > bounds[1]) return template_error("error calling slice: invalid slice index");
  if (text) return json(a[0].get_ref<const std::string&>().substr(bounds[0], bounds[1] - bounds[0]));
  json out = json::array();
  for (std::size_t i = bounds[0]; i < bounds[1]; ++i) out.push_back(a[0][i]);
  return out;
}

Result<json> call_printf(const Arguments& a) {
  if (!a[0].is_string()) return template_error("error calling printf: the format is not a string");
  return json(go_printf(a[0].get_ref<const std::string&>(), {a.begin() + 1, a.end()}));
}
Result<json> call_print(const Arguments& a) {
  std::string out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i > 0 && !a[i].is_string() && !a[i - 1].is_string()) out += ' ';
    out += go_text(a[i]);
  }
  return json(out);
}
Result<json> call_println(const Arguments& a) {
  std::string out;
  for (const json& value : a) {
    if (!out.empty()) out += ' ';
    out += go_text(value);
  }
  return json(out + "\n");
}

Result<json> call_json(const Arguments& a) {
  return json(compact(a[0]));
}
Result<json> call_join(const Arguments& a) {
  if (a[0].is_null()) return json("");
  if (!a[0].is_array() || !a[1].is_string()) return template_error("error calling join: want a list and a separator");
  std::vector<std::string> parts;
  for (const json& value : a[0]) parts.push_back(go_text(value));
  return json(join(parts, a[1].get_ref<const std::string&>()));
}
Result<json> call_split(const Arguments& a) {
  if (!a[0].is_string() || !a[1].is_string()) return template_error("error calling split: want two strings");
  const auto& text = a[0].get_ref<const std::string&>();
  const auto& separator = a[1].get_ref<const std::string&>();
  json out = json::array();
  std::size_t at = 0;
  while (true) {
    std::size_t end = separator.empty() ? at + 1 : text.find(separator, at);
    if (separator.empty()) {
      while (end < text.size() && !is_rune_start(text[end])) ++end;
      if (at >= text.size()) return out;
    }
    if (end == std::string::npos) break;
    out.push_back(text.substr(at, end - at));
    at = end + separator.size();
  }
  out.push_back(text.substr(at));
  return out;
}
Result<json> call_lower(const Arguments& a) {
  return json(map_text(go_text(a[0]), std::tolower));
}
Result<json> call_upper(const Arguments& a) {
  return json(map_text(go_text(a[0]), std::toupper));
}
Result<json> call_title(const Arguments& a) {
  std::string text = go_text(a[0]);
  bool start = true;
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (start && byte < 0x80) c = static_cast<char>(std::toupper(byte));
    start = byte < 0x80 && std::isalnum(byte) == 0 && c != '_' && c != '\'';
  }
  return json(text);
}
Result<json> call_pad(const Arguments& a) {
  std::string text = go_text(a[0]);
  if (text.empty() || !a[1].is_number_integer() || !a[2].is_number_integer()) return json(text);
  const auto count = [](const json& n) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(n.get<std::int64_t>(), 0, 4096));
  };
  return json(std::string(count(a[1]), ' ') + text + std::string(count(a[2]), ' '));
}
Result<json> call_truncate(const Arguments& a) {
  std::string text = go_text(a[0]);
  if (!a[1].is_number_integer()) return template_error("error calling truncate: the length is not a number");
  const auto limit = a[1].get<std::int64_t>();
  if (limit < 0 || text.size() <= static_cast<std::size_t>(limit)) return json(text);
  auto end = static_cast<std::size_t>(limit);
  while (end > 0 && !is_rune_start(text[end])) --end;
  text.resize(end);
  return json(text);
}
Result<json> call_html(const Arguments& a) {
  std::string out;
  for (const char c : go_text(a[0])) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return json(out);
}
Result<json> call_urlquery(const Arguments& a) {
  std::string out;
  for (const char c : go_text(a[0])) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || (c != '\0' && std::string_view("-_.~").find(c) != std::string_view::npos)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      static constexpr char kHex[] = "0123456789ABCDEF";
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return json(out);
}
Result<json> call_absent(const Arguments&) {
  return fail(Code::kUnsupported, "template: the functions call and js are not built yet");
}
// and, or: known here for the parser; the evaluator has them.
Result<json> call_logic(const Arguments&) {
  return template_error("and, or need arguments");
}

constexpr Function kFunctions[] = {
    {"and", 1, -1, call_logic},
    {"or", 1, -1, call_logic},
    {"not", 1, 1, call_not},
    {"eq", 2, -1, call_eq},
    {"ne", 2, 2, call_ne},
    {"lt", 2, 2, call_lt},
    {"le", 2, 2, call_le},
    {"gt", 2, 2, call_gt},
    {"ge", 2, 2, call_ge},
    {"len", 1, 1, call_len},
    {"index", 1, -1, call_index},
    {"slice", 1, 3, call_slice},
    {"print", 0, -1, call_print},
    {"println", 0, -1, call_println},
    {"printf", 1, -1, call_printf},
    {"json", 1, 1, call_json},
    {"join", 2, 2, call_join},
    {"split", 2, 2, call_split},
    {"lower", 1, 1, call_lower},
    {"upper", 1, 1, call_upper},
    {"title", 1, 1, call_title},
    {"pad", 3, 3, call_pad},
    {"truncate", 2, 2, call_truncate},
    {"html", 1, 1, call_html},
    {"urlquery", 1, 1, call_urlquery},
    {"call", 0, -1, call_absent},
    {"js", 0, -1, call_absent},
};

const Function* find(const std::string& name) {
  for (const Function& function : kFunctions) {
    if (name == function.name) return &function;
  }
  return nullptr;
}

}  // namespace

bool is_function(const std::string& name) {
  return find(name) != nullptr;
}

Result<json> call_function(const std::string& name, const Arguments& arguments) {
  const Function* function = find(name);
  if (function == nullptr) return template_error("function \"" + name + "\" not defined");
  const auto count = static_cast<int>(arguments.size());
  if (count < function->min || (function->max >= 0 && count > function->max)) {
    const std::string want =
        function->min == function->max ? std::to_string(function->min) : "at least " + std::to_string(function->min);
    return template_error("wrong number of args for " + name + ": want " + want + " got " + std::to_string(count));
  }
  return function->call(arguments);
}

std::string go_text(const json& value) {
  switch (value.type()) {
    case json::value_t::string:
      return value.get_ref<const std::string&>();
    case json::value_t::null:
      return "[]";  // what is null in the documents is an empty list of Go's
    case json::value_t::array: {
      std::string out = "[";
      for (const json& element : value) {
        if (out.size() > 1) out += ' ';
        out += go_text(element);
      }
      out += ']';
      return out;
    }
    case json::value_t::object: {
      std::string out = "map[";
      for (auto it = value.begin(); it != value.end(); ++it) {
        if (out.size() > 4) out += ' ';
        out += it.key();
        out += ':';
        out += go_text(it.value());
      }
      out += ']';
      return out;
    }
    case json::value_t::number_float: {
      std::string out = value.dump();
      if (out.ends_with(".0")) out.resize(out.size() - 2);
      return out;
    }
    default:
      return value.dump();
  }
}

bool go_truth(const json& value) {
  switch (value.type()) {
    case json::value_t::boolean:
      return value.get<bool>();
    case json::value_t::string:
      return !value.get_ref<const std::string&>().empty();
    case json::value_t::null:
      return false;
    case json::value_t::array:
    case json::value_t::object:
      return !value.empty();
    default:
      return value != 0;
  }
}

}  // namespace creel::cmd::tmpl
