#include "registry/registries_conf.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/file.h"
#include "base/text.h"

namespace creel::registry {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::vector<std::string> drop_ins(const std::string& dir) {
  std::vector<std::string> out;
  auto names = list_dir(dir);
  if (!names) return out;
  std::sort(names->begin(), names->end());
  for (const auto& name : *names) {
    if (name.ends_with(".conf")) out.push_back(dir + "/" + name);
  }
  return out;
}

std::string without_trailing_slash(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

// How many characters of `reference` the prefix covers; 0: it does not match. "*.example.com" covers a whole host.
std::size_t covered(const std::string& prefix, const std::string& reference) {
  std::size_t end = prefix.size();
  if (prefix.starts_with("*.")) {
    const std::size_t host = std::min(reference.find('/'), reference.size());
    const std::size_t at = reference.substr(0, host).rfind(prefix.substr(1));
    if (at == std::string::npos || at == 0) return 0;
    end = at + prefix.size() - 1;
  } else if (prefix.empty() || !reference.starts_with(prefix)) {
    return 0;
  }
  return end == reference.size() || reference[end] == '/' || reference[end] == ':' ? end : 0;
}

// Switches of a table. A value of another type must not pass for the default: "blocked" may be what somebody relies on.
Result<bool> flag(const toml::table& table, const char* key, const std::string& file) {
  const auto node = table[key];
  if (!node) return false;
  if (auto value = node.value_exact<bool>()) return *value;
  return fail(Code::kInvalid, file + ": " + key + " is neither true nor false");
}

Endpoint endpoint(const std::string& reference, bool insecure) {
  Cut parts = cut(reference, '/');
  return {parts.before, parts.after, insecure};
}

}  // namespace

Result<RegistriesConf> RegistriesConf::load() {
  std::vector<std::string> files;
  std::string home = environment("XDG_CONFIG_HOME");
  if (home.empty() && !environment("HOME").empty()) home = environment("HOME") + "/.config";
  const std::string user = home.empty() ? std::string() : home + "/containers/registries.conf";
  const std::string named = environment("CONTAINERS_REGISTRIES_CONF");
  const bool users_own = named.empty() && !user.empty() && path_exists(user);
  files.push_back(!named.empty() ? named : users_own ? user : "/etc/containers/registries.conf");
  auto append = [&](const std::string& dir) {
    auto found = drop_ins(dir);
    files.insert(files.end(), found.begin(), found.end());
  };
  if (!users_own) append("/etc/containers/registries.conf.d");
  if (!user.empty()) append(user + ".d");
  return load(files);
}

Result<RegistriesConf> RegistriesConf::load(const std::vector<std::string>& files) {
  RegistriesConf out;
  for (const auto& file : files) TRY(out.add(file));
  return out;
}

Result<void> RegistriesConf::add(const std::string& file) {
  auto text = read_file(file, 4 << 20);
  if (!text) {
    if (text.error().err == ENOENT || text.error().err == ENOTDIR) return {};
    return std::move(text).error();
  }
  toml::parse_result parsed = toml::parse(std::string_view(*text));
  if (!parsed) {
    return fail(Code::kInvalid, file + ": line " + std::to_string(parsed.error().source().begin.line) + ": " +
                                    std::string(parsed.error().description()));
  }
  const toml::table& root = parsed.table();
  if (root["registries"].is_table())
    return fail(Code::kUnsupported, file + ": version 1 of the format is not supported")
        .with_hint("write [[registry]] tables, see containers-registries.conf(5)");
  if (const auto* list = root["unqualified-search-registries"].as_array(); list != nullptr) {
    std::vector<std::string> search;
    for (const auto& value : *list) {
      if (auto name = value.value<std::string>()) search.push_back(*name);
    }
    search_ = std::move(search);
  }
  const auto* registries = root["registry"].as_array();
  if (registries == nullptr) return {};
  for (const auto& node : *registries) {
    const auto* table = node.as_table();
    if (table == nullptr) return fail(Code::kInvalid, file + ": registry is no array of tables");
    const toml::table& registry = *table;
    Entry entry;
    entry.location = without_trailing_slash(registry["location"].value_or(std::string()));
    entry.prefix = without_trailing_slash(registry["prefix"].value_or(entry.location));
    if (entry.prefix.empty()) return fail(Code::kInvalid, file + ": a [[registry]] has neither prefix nor location");
    TRY_SET(entry.insecure, flag(registry, "insecure", file));
    TRY_SET(entry.blocked, flag(registry, "blocked", file));
    TRY_SET(const bool digests_only, flag(registry, "mirror-by-digest-only", file));
    if (const auto* mirrors = registry["mirror"].as_array(); mirrors != nullptr) {
      for (const auto& item : *mirrors) {
        if (!item.is_table()) return fail(Code::kInvalid, file + ": mirror is no array of tables");
        const toml::table& value = *item.as_table();
        const std::string use = value["pull-from-mirror"].value_or(std::string());
        TRY_SET(const bool insecure, flag(value, "insecure", file));
        Mirror mirror{without_trailing_slash(value["location"].value_or(std::string())), insecure,
                      !digests_only && use != "digest-only", use != "tag-only"};
        if (mirror.location.empty())
          return fail(Code::kInvalid, file + ": a mirror of " + entry.prefix + " has no location");
        entry.mirrors.push_back(std::move(mirror));
      }
    }
    std::erase_if(entries_, [&](const Entry& e) { return e.prefix == entry.prefix; });
    entries_.push_back(std::move(entry));
  }
  return {};
}

Result<std::vector<Endpoint>> RegistriesConf::endpoints(const std::string& domain, const std::string& path,
                                                        bool by_digest) const {
  const std::string reference = domain + "/" + path;
  const Entry* best = nullptr;
  std::size_t longest = 0;
  for (const auto& entry : entries_) {
    const std::size_t length = covered(entry.prefix, reference);
    // A wildcard covers a whole host and loses against the host's own entry.
    const bool better = length > longest || (length == longest && best != nullptr && best->prefix.starts_with("*."));
    if (length > 0 && better) {
      best = &entry;
      longest = length;
    }
  }
  if (best == nullptr) return std::vector<Endpoint>{{domain, path, false}};
  if (best->blocked) return fail(Code::kDenied, "registry " + best->prefix + " is blocked in registries.conf");
  std::vector<Endpoint> out;
  const std::string rest = reference.substr(longest);
  for (const auto& mirror : best->mirrors) {
    if (by_digest ? mirror.for_digests : mirror.for_tags)
      out.push_back(endpoint(mirror.location + rest, mirror.insecure));
  }
  out.push_back(endpoint(best->location.empty() ? reference : best->location + rest, best->insecure));
  return out;
}

}  // namespace creel::registry
