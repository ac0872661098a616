#include "registry/registries_file.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/toml.h"

namespace creel::registry {

namespace {

std::string without_trailing_slash(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

// Values of one table. A value of another type must not pass for the default: "blocked" may be what somebody relies on.
class Table {
 public:
  Table(const toml::table& table, const std::string& file) : table_(table), file_(file) {}

  [[nodiscard]] Result<bool> flag(const char* key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return false;
    if (auto value = node->value_exact<bool>()) return *value;
    return fail(Code::kInvalid, file_ + ": " + key + " is neither true nor false");
  }
  [[nodiscard]] Result<std::string> text(const char* key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return std::string();
    if (auto value = node->value_exact<std::string>()) return *value;
    return fail(Code::kInvalid, file_ + ": " + key + " is no string");
  }
  // nullopt: it is not set.
  [[nodiscard]] Result<std::optional<std::vector<std::string>>> list(const char* key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return std::optional<std::vector<std::string>>();
    const toml::array* array = node->as_array();
    std::vector<std::string> out;
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      auto value = (*array)[i].value_exact<std::string>();
      if (!value) return fail(Code::kInvalid, file_ + ": " + key + " holds what is no string");
      out.push_back(std::move(*value));
    }
    if (array == nullptr) return fail(Code::kInvalid, file_ + ": " + key + " is no array of strings");
    return std::optional(std::move(out));
  }
  // The tables of an array of tables; empty where it is not set.
  [[nodiscard]] Result<std::vector<const toml::table*>> tables(const char* key) const {
    std::vector<const toml::table*> out;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return out;
    const auto bad = [&] { return fail(Code::kInvalid, file_ + ": " + key + " is no array of tables"); };
    if (node->as_array() == nullptr) return bad();
    for (const auto& item : *node->as_array()) {
      if (!item.is_table()) return bad();
      out.push_back(item.as_table());
    }
    return out;
  }
  // A host, or a host and a path: "location" and "prefix".
  [[nodiscard]] Result<std::string> place(const char* key) const {
    TRY_SET(std::string out, text(key));
    if (out.starts_with("http://") || out.starts_with("https://"))
      return fail(Code::kInvalid, file_ + ": " + key + " \"" + out + "\" begins with http:// or https://")
          .with_hint("write the host alone; plain HTTP is allowed by insecure = true");
    return without_trailing_slash(std::move(out));
  }

 private:
  const toml::table& table_;
  const std::string& file_;
};

// "host/a/b:1" and "host/a/b@sha256:…", but not "host:5000".
bool names_one_image(const std::string& prefix) {
  const auto slash = prefix.rfind('/');
  return prefix.find('@') != std::string::npos ||
         (slash != std::string::npos && prefix.find(':', slash) != std::string::npos);
}

}  // namespace

Result<void> add_registries_file(const std::string& file, bool main, RegistriesSettings& into) {
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
  const Table top(root, file);
  std::vector<RegistriesSettings::Entry> entries;
  const auto add_entry = [&](RegistriesSettings::Entry entry) -> Result<void> {
    for (const auto& other : entries) {
      // One place cannot be both.
      const bool same_place = !entry.location.empty() && entry.location == other.location;
      if (same_place && entry.insecure != other.insecure)
        return fail(Code::kInvalid, file + ": " + entry.location + " has conflicting settings of insecure");
      if (same_place && entry.blocked != other.blocked)
        return fail(Code::kInvalid, file + ": " + entry.location + " has conflicting settings of blocked");
      if (other.prefix == entry.prefix) return {};  // the first one stands
    }
    entries.push_back(std::move(entry));
    return {};
  };

  TRY_SET(auto search, top.list("unqualified-search-registries"));
  if (const toml::node* node = root.get("registries"); node != nullptr && node->is_table()) {
    // Version 1: three lists.
    if (!main)
      return fail(Code::kUnsupported, file + ": version 1 of the format is for the main file alone")
          .with_hint("write [[registry]] tables, see containers-registries.conf(5)");
    if (search || root.contains("registry"))
      return fail(Code::kInvalid, file + ": it mixes the versions 1 and 2 of the format");
    const auto listed = [&](const char* which) -> Result<std::vector<std::string>> {
      const toml::node* section = node->as_table()->get(which);
      if (section == nullptr) return std::vector<std::string>();
      if (!section->is_table())
        return fail(Code::kInvalid, file + ": registries." + std::string(which) + " is no table");
      TRY_SET(auto found, Table(*section->as_table(), file).list("registries"));
      return found.value_or(std::vector<std::string>());
    };
    TRY_SET(search, listed("search"));
    TRY_SET(const auto insecure, listed("insecure"));
    TRY_SET(const auto blocked, listed("block"));
    for (const auto& name : insecure) {
      const bool also_blocked = std::find(blocked.begin(), blocked.end(), name) != blocked.end();
      entries.push_back({without_trailing_slash(name), without_trailing_slash(name), true, also_blocked, {}});
    }
    for (const auto& name : blocked) {
      if (std::find(insecure.begin(), insecure.end(), name) != insecure.end()) continue;
      entries.push_back({without_trailing_slash(name), without_trailing_slash(name), false, true, {}});
    }
  }

  TRY_SET(const auto registries, top.tables("registry"));
  for (const toml::table* item : registries) {
    const Table registry(*item, file);
    RegistriesSettings::Entry entry;
    TRY_SET(entry.location, registry.place("location"));
    TRY_SET(entry.prefix, registry.place("prefix"));
    if (entry.prefix.empty()) entry.prefix = entry.location;
    if (entry.prefix.empty()) return fail(Code::kInvalid, file + ": a [[registry]] has neither prefix nor location");
    const bool wildcard = entry.prefix.starts_with("*.");
    if (entry.prefix.find('*', wildcard ? 1 : 0) != std::string::npos ||
        (wildcard && entry.prefix.find_first_of("/:") != std::string::npos))
      return fail(Code::kInvalid, file + ": prefix \"" + entry.prefix + "\": a wildcard is \"*.\" and a domain alone");
    if (item->contains("pull-from-mirror"))
      return fail(Code::kInvalid, file + ": pull-from-mirror of " + entry.prefix + " belongs to a mirror");
    TRY_SET(entry.insecure, registry.flag("insecure"));
    TRY_SET(entry.blocked, registry.flag("blocked"));
    TRY_SET(const bool digests_only, registry.flag("mirror-by-digest-only"));
    TRY_SET(const auto mirrors, registry.tables("mirror"));
    if (names_one_image(entry.prefix) && !entry.blocked)
      return fail(Code::kUnsupported,
                  file + ": prefix \"" + entry.prefix + "\": with a tag or digest it can only be blocked");
    for (const toml::table* value : mirrors) {
      const Table mirror(*value, file);
      RegistriesSettings::Mirror out;
      TRY_SET(out.location, mirror.place("location"));
      if (out.location.empty())
        return fail(Code::kInvalid, file + ": a mirror of " + entry.prefix + " has no location");
      TRY_SET(out.insecure, mirror.flag("insecure"));
      TRY_SET(const std::string use, mirror.text("pull-from-mirror"));
      if (!use.empty() && use != "all" && use != "digest-only" && use != "tag-only")
        return fail(Code::kInvalid, file + ": pull-from-mirror \"" + use + "\" of " + out.location +
                                        " is none of all, digest-only and tag-only");
      if (digests_only && !use.empty())
        return fail(Code::kInvalid, file + ": " + entry.prefix + " has mirror-by-digest-only, and its mirror " +
                                        out.location + " has pull-from-mirror");
      out.for_tags = !digests_only && use != "digest-only";
      out.for_digests = use != "tag-only";
      entry.mirrors.push_back(std::move(out));
    }
    TRY(add_entry(std::move(entry)));
  }

  TRY_SET(const std::string mode, top.text("short-name-mode"));
  if (mode == "enforcing") {
    into.mode = ShortNameMode::kEnforcing;
  } else if (mode == "permissive") {
    into.mode = ShortNameMode::kPermissive;
  } else if (mode == "disabled") {
    into.mode = ShortNameMode::kDisabled;
  } else if (!mode.empty()) {
    return fail(Code::kInvalid,
                file + ": short-name-mode \"" + mode + "\" is none of enforcing, permissive and disabled");
  }
  TRY_SET(auto helpers, top.list("credential-helpers"));
  if (helpers) into.credential_helpers = std::move(*helpers);
  if (search) {
    for (std::string& name : *search) {
      name = without_trailing_slash(std::move(name));
      if (name.empty() || name.find_first_of("/@* ") != std::string::npos)
        return fail(Code::kInvalid, file + ": unqualified-search-registries: \"" + name + "\" is no host");
    }
    into.search = std::move(*search);
    into.search_file = file;
  }
  if (const toml::node* aliases = root.get("aliases"); aliases != nullptr) {
    if (!aliases->is_table()) return fail(Code::kInvalid, file + ": aliases is no table");
    for (const auto& [name, value] : *aliases->as_table()) {
      const auto target = value.value_exact<std::string>();
      if (!target) return fail(Code::kInvalid, file + ": alias " + std::string(name.str()) + " is no string");
      // An empty one takes back what an earlier file says.
      if (target->empty()) {
        into.aliases.erase(std::string(name.str()));
      } else {
        into.aliases.insert_or_assign(std::string(name.str()), RegistriesSettings::Alias{*target, file});
      }
    }
  }
  for (auto& entry : entries) {
    std::erase_if(into.entries, [&](const RegistriesSettings::Entry& e) { return e.prefix == entry.prefix; });
    into.entries.push_back(std::move(entry));
  }
  return {};
}

}  // namespace creel::registry
