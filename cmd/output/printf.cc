#include "cmd/output/printf.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/output/output.h"
#include "cmd/output/template_ast.h"

namespace creel::cmd::tmpl {
namespace {

using nlohmann::json;

constexpr std::size_t kWidest = 4096;

struct Verb {
  bool minus = false, plus = false, zero = false, space = false, sharp = false;
  std::size_t width = 0;
  bool has_precision = false;
  std::size_t precision = 0;
  char letter = 0;
};

std::size_t runes(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

std::string first_runes(const std::string& text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && count-- == 0) break;
  }
  return text.substr(0, at);
}

std::string padded(std::string text, const Verb& verb, bool numeric) {
  const std::size_t length = runes(text);
  if (length >= verb.width) return text;
  const std::size_t gap = verb.width - length;
  if (verb.minus) return text + std::string(gap, ' ');
  if (verb.zero && numeric) {
    const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    return text.insert(sign, gap, '0');
  }
  return std::string(gap, ' ') + text;
}

std::string type_name(const json& value) {
  switch (value.type()) {
    case json::value_t::string:
      return "string";
    case json::value_t::boolean:
      return "bool";
    case json::value_t::array:
      return "[]interface {}";
    case json::value_t::object:
      return "map[string]interface {}";
    case json::value_t::number_float:
      return "float64";
    case json::value_t::null:
      return "<nil>";
    default:
      return "int";
  }
}

std::string mismatch(const Verb& verb, const json& value) {
  if (value.is_null()) return std::string("%!") + verb.letter + "(<nil>)";
  return std::string("%!") + verb.letter + "(" + type_name(value) + "=" + go_text(value) + ")";
}

std::string in_base(std::uint64_t number, unsigned base, bool capitals) {
  std::string out;
  do {
    const auto digit = static_cast<unsigned>(number % base);
    out.insert(out.begin(), static_cast<char>(digit < 10 ? '0' + digit : (capitals ? 'A' : 'a') + digit - 10));
    number /= base;
  } while (number != 0);
  return out;
}

std::string integer(const Verb& verb, const json& value) {
  const bool negative = value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  const std::uint64_t magnitude =
      negative ? ~static_cast<std::uint64_t>(value.get<std::int64_t>()) + 1 : value.get<std::uint64_t>();
  std::string digits;
  switch (verb.letter) {
    case 'b':
      digits = in_base(magnitude, 2, false);
      break;
    case 'o':
      if (verb.sharp) digits = '0';
      digits += in_base(magnitude, 8, false);
      break;
    case 'x':
    case 'X':
      if (verb.sharp) digits = {'0', verb.letter};
      digits += in_base(magnitude, 16, verb.letter == 'X');
      break;
    default:
      digits = std::to_string(magnitude);
  }
  std::string sign = negative ? "-" : verb.plus ? "+" : verb.space ? " " : "";
  return sign += digits;
}

std::string hex_of(const std::string& text, bool capitals) {
  std::string out;
  for (const char c : text) {
    const std::string byte = in_base(static_cast<unsigned char>(c), 16, capitals);
    if (byte.size() < 2) out += '0';
    out += byte;
  }
  return out;
}

std::string real(const Verb& verb, double number) {
  char format[] = "%.*f";
  format[3] = verb.letter == 'v' ? 'g' : verb.letter;
  char buffer[512];
  const int precision = verb.has_precision ? static_cast<int>(std::min<std::size_t>(verb.precision, 100)) : 6;
  std::snprintf(buffer, sizeof buffer, format, precision, number);
  std::string out = verb.plus && number >= 0 ? "+" : "";
  return out += buffer;
}

std::string formatted(const Verb& verb, const json& value) {
  switch (verb.letter) {
    case 'v':
    case 's': {
      if (verb.letter == 's' && (value.is_number() || value.is_boolean())) return mismatch(verb, value);
      std::string text = go_text(value);
      if (verb.has_precision && value.is_string()) text = first_runes(text, verb.precision);
      return padded(std::move(text), verb, value.is_number());
    }
    case 'q':
      if (!value.is_string()) return mismatch(verb, value);
      return padded(compact(value), verb, false);
    case 't':
      if (!value.is_boolean()) return mismatch(verb, value);
      return padded(go_text(value), verb, false);
    case 'T':
      return padded(type_name(value), verb, false);
    case 'x':
    case 'X':
      if (value.is_string())
        return padded(hex_of(value.get_ref<const std::string&>(), verb.letter == 'X'), verb, false);
      [[fallthrough]];
    case 'd':
    case 'b':
    case 'o':
      if (!value.is_number_integer()) return mismatch(verb, value);
      return padded(integer(verb, value), verb, true);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      if (!value.is_number_float()) return mismatch(verb, value);
      return padded(real(verb, value.get<double>()), verb, true);
    default:
      return mismatch(verb, value);
  }
}

std::size_t digits_at(const std::string& format, std::size_t& at) {
  std::size_t number = 0;
  while (at < format.size() && format[at] >= '0' && format[at] <= '9') {
    number = std::min(number * 10 + static_cast<std::size_t>(format[at++] - '0'), kWidest);
  }
  return number;
}

}  // namespace

std::string go_printf(const std::string& format, const std::vector<json>& arguments) {
  std::string out;
  std::size_t used = 0;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out += format[at];
      continue;
    }
    Verb verb;
    for (++at; at < format.size(); ++at) {
      if (format[at] == '-')
        verb.minus = true;
      else if (format[at] == '+')
        verb.plus = true;
      else if (format[at] == '0')
        verb.zero = true;
      else if (format[at] == ' ')
        verb.space = true;
      else if (format[at] == '#')
        verb.sharp = true;
      else
        break;
    }
    verb.width = digits_at(format, at);
    if (at < format.size() && format[at] == '.') {
      verb.has_precision = true;
      verb.precision = digits_at(format, ++at);
    }
    if (at >= format.size()) return out + "%!(NOVERB)";
    verb.letter = format[at];
    if (verb.letter == '%') {
      out += '%';
    } else if (used >= arguments.size()) {
      out += std::string("%!") + verb.letter + "(MISSING)";
    } else {
      out += formatted(verb, arguments[used++]);
    }
  }
  if (used < arguments.size()) {
    out += "%!(EXTRA ";
    for (std::size_t i = used; i < arguments.size(); ++i) {
      if (i > used) out += ", ";
      out += type_name(arguments[i]);
      out += '=';
      out += go_text(arguments[i]);
    }
    out += ")";
  }
  return out;
}

}  // namespace creel::cmd::tmpl
