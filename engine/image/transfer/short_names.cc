#include "engine/image/transfer/short_names.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/lock.h"
#include "registry/config_paths.h"

namespace creel::engine::transfer {

namespace {

// Whether the first component can be no registry.
bool is_short(const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) return true;
  const std::string head = name.substr(0, slash);
  return head != "localhost" && head.find_first_of(".:[") == std::string::npos;
}

std::size_t repository_length(const std::string& name) {
  const std::size_t at = std::min(name.find('@'), name.size());
  const std::size_t slash = name.rfind('/', at);
  const std::size_t colon = name.find(':', slash == std::string::npos ? 0 : slash);
  return std::min(at, colon);
}

Result<std::string> alias_file_of(const Engine& engine) {
  if (!engine.rootless()) return std::string("/var/cache/containers/short-name-aliases.conf");
  std::string cache = registry::environment("XDG_CACHE_HOME");
  if (cache.empty()) {
    TRY_SET(const std::string home, rootless::home_directory());
    cache = home + "/.cache";
  }
  return cache + "/containers/short-name-aliases.conf";
}

Result<std::string> completed(const std::string& repository, const std::string& suffix) {
  TRY_SET(const Reference reference, parse_reference(repository + suffix));
  return reference.text();
}

Result<std::string> through_alias(const registry::RegistriesConf::Alias& alias, const std::string& short_name,
                                  const std::string& suffix) {
  const auto bad = [&](const std::string& why) {
    return fail(Code::kInvalid, alias.file + ": alias \"" + short_name + "\" = \"" + alias.value + "\": " + why);
  };
  if (is_short(alias.value)) return bad("it must name a registry and a repository");
  if (repository_length(alias.value) != alias.value.size()) return bad("it must have neither tag nor digest");
  auto out = completed(alias.value, suffix);
  if (!out) return bad(out.error().text);
  return out;
}

// TOML's basic strings; names of images need no more.
std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

}  // namespace

Result<Meaning> meaning_of(Engine& engine, const std::string& given) {
  if (!is_short(given)) return Meaning{{given}, {}, {}, false, false};
  TRY_SET(const auto conf, registry::RegistriesConf::load());
  TRY_SET(const std::string file, alias_file_of(engine));
  return meaning_of(conf, file, given);
}

Result<Meaning> meaning_of(const registry::RegistriesConf& conf, const std::string& alias_file,
                           const std::string& given) {
  Meaning out;
  if (!is_short(given)) {
    out.candidates = {given};
    return out;
  }
  TRY(parse_reference(given));
  const std::size_t length = repository_length(given);
  out.short_name = given.substr(0, length);
  const std::string suffix = given.substr(length);
  // What was chosen once counts more than what the files say.
  TRY_SET(const auto remembered, registry::RegistriesConf::load({alias_file}));
  for (const auto* aliases : {&remembered.aliases(), &conf.aliases()}) {
    const auto alias = aliases->find(out.short_name);
    if (alias == aliases->end()) continue;
    TRY_SET(std::string name, through_alias(alias->second, out.short_name, suffix));
    out.candidates = {std::move(name)};
    out.how = "Resolved \"" + out.short_name + "\" as an alias (" + alias->second.file + ")";
    return out;
  }
  if (conf.search_file().empty()) {
    TRY_SET(std::string name, completed(given, {}));
    out.candidates = {std::move(name)};
    return out;
  }
  if (conf.unqualified_search_registries().empty()) {
    return fail(Code::kInvalid, "short-name \"" + given +
                                    "\" did not resolve to an alias and no unqualified-search registries are "
                                    "defined in \"" +
                                    conf.search_file() + "\"")
        .with_hint("write the name with its registry, like docker.io/library/" + given);
  }
  for (const std::string& host : conf.unqualified_search_registries()) {
    TRY_SET(std::string name, completed(host + "/" + given, {}));
    out.candidates.push_back(std::move(name));
  }
  out.how = "Resolving \"" + out.short_name + "\" using unqualified-search registries (" + conf.search_file() + ")";
  out.ask = out.candidates.size() > 1 && conf.short_name_mode() != registry::ShortNameMode::kDisabled;
  out.must_ask = out.ask && conf.short_name_mode() == registry::ShortNameMode::kEnforcing;
  return out;
}

Result<void> remember_alias(Engine& engine, const std::string& short_name, const std::string& chosen) {
  TRY_SET(const std::string file, alias_file_of(engine));
  return remember_alias(file, short_name, chosen);
}

Result<void> remember_alias(const std::string& alias_file, const std::string& short_name, const std::string& chosen) {
  TRY_SET(const Reference reference, parse_reference(chosen));
  TRY(make_dirs(alias_file.substr(0, alias_file.rfind('/'))));
  TRY_SET(const FileLock lock, FileLock::acquire(alias_file + ".lock"));
  TRY_SET(const auto known, registry::RegistriesConf::load({alias_file}));
  std::map<std::string, std::string> aliases;
  for (const auto& [name, alias] : known.aliases()) aliases[name] = alias.value;
  aliases[short_name] = reference.repository();
  std::string text = "[aliases]\n";
  for (const auto& [name, value] : aliases) text += "  " + quoted(name) + " = " + quoted(value) + "\n";
  return write_atomic(alias_file, text);
}

Error combined(std::vector<Error> errors, const std::string& doing) {
  if (errors.size() == 1) return std::move(errors.front());
  Error out = errors.front();
  out.text = std::to_string(errors.size()) + " errors occurred while " + doing + ":";
  for (const Error& error : errors) {
    out.text += "\n * " + error.text;
    if (error.code != out.code) out.code = Code::kFailed;
  }
  return out;
}

}  // namespace creel::engine::transfer
