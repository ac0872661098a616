#include "registry/answer_error.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "registry/oci/json.h"

namespace creel::registry {

namespace {

// "MANIFEST_UNKNOWN" is "manifest unknown".
std::string spoken(std::string code) {
  for (char& c : code) c = c == '_' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return code;
}

// "100;w=21600" is "100 in 21600 s".
std::string limit_of(const HttpHead& head) {
  const std::string field = head.field("ratelimit-limit");
  if (field.empty()) return {};
  Cut parts = cut(field, ';');
  const auto window = parts.after.find("w=");
  std::string text = "; the limit is " + oci::printable(parts.before, 20);
  if (window != std::string::npos) text += " in " + oci::printable(parts.after.substr(window + 2), 20) + " s";
  return text;
}

}  // namespace

std::string registry_words(const std::string& body) {
  const auto document = oci::parse_json(body);
  std::string code, message;
  const auto* errors = oci::member(document, "errors");
  if (errors != nullptr && errors->is_array() && !errors->empty()) {
    code = spoken(oci::string_member((*errors)[0], "code"));
    message = oci::string_member((*errors)[0], "message");
  } else {
    for (const char* key : {"error_description", "details", "message", "error"}) {
      if (message.empty()) message = oci::string_member(document, key);
    }
  }
  code = oci::printable(trim(code), 60);
  message = oci::printable(trim(message));
  if (message.empty() || spoken(message) == code) return code;
  if (code.empty() || spoken(message).starts_with(code)) return message;
  return code + ": " + message;
}

Error answer_error(const HttpAnswer& answer) {
  const int status = answer.head.status;
  const std::string words = registry_words(answer.body);
  auto text = [&](const std::string& otherwise) { return words.empty() ? otherwise : words; };
  switch (status) {
    case 401:
      return fail(Code::kDenied, text("unauthorized"));
    case 403:
      return fail(Code::kDenied, text("access denied"));
    case 404:
      return fail(Code::kNotFound, text("not found"));
    case 429: {
      std::string wait = answer.head.field("retry-after");
      if (!wait.empty())
        wait = "; it may be asked again after " + oci::printable(wait, 40) + (wait.size() < 10 ? " s" : "");
      return fail(Code::kUnavailable, "too many requests (status 429)" + (words.empty() ? "" : ": " + words) +
                                          limit_of(answer.head) + wait);
    }
    default:
      return fail(status >= 500 ? Code::kUnavailable : Code::kFailed,
                  "the registry answered with status " + std::to_string(status) + (words.empty() ? "" : ": " + words));
  }
}

}  // namespace creel::registry
