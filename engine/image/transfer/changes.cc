#include "engine/image/transfer/changes.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace creel::engine::transfer {

using nlohmann::json;

namespace {

// ["a","b"]: the exec form; nullopt for anything else.
std::optional<json> exec_form(const std::string& value) {
  json list = json::parse(value, nullptr, false);
  if (!list.is_array()) return std::nullopt;
  for (const json& item : list) {
    if (!item.is_string()) return std::nullopt;
  }
  return list;
}

json command_of(const std::string& value) {
  if (auto list = exec_form(value)) return *list;
  return json::array({"/bin/sh", "-c", value});
}

// Words as a shell would see them: quotes group, a backslash takes the next character as it is.
Result<std::vector<std::string>> words_of(const std::string& value) {
  std::vector<std::string> out;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else if (c == '\\' && quote == '"' && i + 1 < value.size() && (value[i + 1] == '"' || value[i + 1] == '\\')) {
        word += value[++i];
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == '\\' && i + 1 < value.size()) {
      word += value[++i];
      in_word = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (in_word) out.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return fail(Code::kInvalid, "a quote is not closed");
  if (in_word) out.push_back(word);
  return out;
}

// "A=b C='d e'", or the old "A b c".
Result<std::vector<std::pair<std::string, std::string>>> pairs_of(const std::string& value) {
  TRY_SET(const auto words, words_of(value));
  std::vector<std::pair<std::string, std::string>> out;
  if (words.empty()) return fail(Code::kInvalid, "a name is missing");
  if (words[0].find('=') == std::string::npos) {
    const std::size_t space = value.find_first_of(" \t");
    if (space == std::string::npos) return fail(Code::kInvalid, "'" + value + "' has no value");
    out.emplace_back(value.substr(0, space), std::string(trim(std::string_view(value).substr(space))));
    return out;
  }
  for (const std::string& word : words) {
    Cut parts = cut(word, '=');
    if (!parts.found || parts.before.empty())
      return fail(Code::kInvalid, "'" + word + "' is not of the form NAME=VALUE");
    out.emplace_back(std::move(parts.before), std::move(parts.after));
  }
  return out;
}

Result<std::string> exposed(const std::string& word) {
  const Cut parts = cut(word, '/');
  std::string protocol = parts.found ? parts.after : "tcp";
  std::transform(protocol.begin(), protocol.end(), protocol.begin(), [](unsigned char c) { return std::tolower(c); });
  const Cut range = cut(parts.before, '-');
  for (const std::string& port : range.found ? std::vector{range.before, range.after} : std::vector{range.before}) {
    TRY_SET(const std::int64_t number, parse_int(port, "port"));
    if (number < 1 || number > 65535) return fail(Code::kInvalid, "port " + port + " is not between 1 and 65535");
  }
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
    return fail(Code::kInvalid, "protocol '" + protocol + "' is none of tcp, udp, sctp");
  }
  return parts.before + "/" + protocol;
}

void set_env(json& config, const std::string& name, const std::string& value) {
  json& env = config["Env"];
  if (!env.is_array()) env = json::array();
  for (json& item : env) {
    const auto* text = item.get_ptr<const std::string*>();
    if (text != nullptr && text->starts_with(name + "=")) {
      item = name + "=" + value;
      return;
    }
  }
  env.push_back(name + "=" + value);
}

Result<void> apply(const std::string& key, const std::string& value, json& config) {
  if (key == "CMD") {
    config["Cmd"] = command_of(value);
  } else if (key == "ENTRYPOINT") {
    config["Entrypoint"] = command_of(value);
  } else if (key == "ENV") {
    TRY_SET(const auto pairs, pairs_of(value));
    for (const auto& [name, text] : pairs) set_env(config, name, text);
  } else if (key == "LABEL") {
    TRY_SET(const auto pairs, pairs_of(value));
    for (const auto& [name, text] : pairs) config["Labels"][name] = text;
  } else if (key == "EXPOSE") {
    TRY_SET(const auto words, words_of(value));
    for (const std::string& word : words) {
      TRY_SET(const std::string port, exposed(word));
      config["ExposedPorts"][port] = json::object();
    }
  } else if (key == "VOLUME") {
    std::vector<std::string> paths;
    if (const auto list = exec_form(value)) {
      for (const json& item : *list) paths.push_back(item.get_ref<const std::string&>());
    } else {
      TRY_SET(paths, words_of(value));
    }
    for (const std::string& path : paths) config["Volumes"][path] = json::object();
  } else if (key == "USER") {
    config["User"] = value;
  } else if (key == "WORKDIR") {
    config["WorkingDir"] = value;
  } else if (key == "STOPSIGNAL") {
    config["StopSignal"] = value;
  } else if (key == "ONBUILD") {
    if (!config["OnBuild"].is_array()) config["OnBuild"] = json::array();
    config["OnBuild"].push_back(value);
  } else {
    return fail(Code::kInvalid,
                "unknown instruction " + key +
                    ": must be one of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR");
  }
  return {};
}

}  // namespace

Result<void> apply_change(const std::string& change, json& config) {
  const std::string text(trim(change));
  const std::size_t end = text.find_first_of(" \t=");
  std::string key = text.substr(0, end);
  std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::toupper(c); });
  const std::string value =
      end == std::string::npos ? std::string() : std::string(trim(std::string_view(text).substr(end + 1)));
  Result<void> done =
      value.empty() ? fail(Code::kInvalid, "must be formatted as KEY VALUE") : apply(key, value, config);
  if (!done.ok()) return std::move(done).error().within("invalid change \"" + change + "\"");
  return {};
}

}  // namespace creel::engine::transfer
