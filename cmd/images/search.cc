#include "cmd/images/search.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/images/common.h"
#include "cmd/output/output.h"
#include "engine/image/image.h"
#include "registry/registries_conf.h"

namespace creel::cmd {

using nlohmann::json;

namespace {

constexpr std::int64_t kDefaultLimit = 25, kHighestLimit = 100;
constexpr std::size_t kShownDescription = 44;

struct Place {
  std::string domain, term;
};

// "host/term" is one registry's; any other term is looked for in all that are searched for short names.
Result<std::vector<Place>> places_of(const std::string& given) {
  const Cut parts = cut(given, '/');
  const std::string& head = parts.before;
  if (head == "localhost" || (parts.found && head.find_first_of(".:[") != std::string::npos)) {
    return std::vector<Place>{{head == "index.docker.io" ? "docker.io" : head, parts.after}};
  }
  TRY_SET(const auto conf, registry::RegistriesConf::load());
  std::vector<Place> out;
  for (const std::string& domain : conf.unqualified_search_registries()) out.push_back({domain, given});
  if (out.empty()) out.push_back({"docker.io", given});
  return out;
}

Result<bool> truth(const std::string& text, const std::string& filter) {
  if (text.empty() || text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return fail(Code::kInvalid, "invalid filter \"" + filter + "\": true or false is expected");
}

std::string shortened(const std::string& description, bool whole) {
  std::string line = description;
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (whole || line.size() <= kShownDescription) return line;
  return line.substr(0, kShownDescription) + "...";
}

}  // namespace

void SearchCommand::declare(Flags& flags) {
  flags.value("--authfile", client_.authfile, "string", "File of credentials instead of the usual ones");
  flags.value("--cert-dir", client_.cert_dir, "string", "Directory of certificates and keys for the registry");
  flags.flag("--compatible", compatible_, "Show stars and what is official, as Docker does");
  flags.value("--creds", client_.creds, "USERNAME:PASSWORD", "Credentials for the registry");
  flags.list("-f,--filter", filters_, "stars=N|is-official[=BOOL]|is-automated[=BOOL]", "Show only what matches");
  flags.value("--format", format_, "string", "A Go template, or json");
  flags.integer("--limit", limit_, "int", "Show at most so many of each registry (default: 25)");
  flags.flag("--list-tags", list_tags_, "List the tags of a repository");
  flags.flag("--no-trunc", no_trunc_, "Show whole descriptions");
  flags.flag("--tls-verify", client_.tls_verify, "Require HTTPS and verify certificates");
  flags.arguments(arguments_);
}

Result<SearchCommand::Filters> SearchCommand::filters() const {
  Filters out;
  for (const std::string& filter : filters_) {
    const Cut parts = cut(filter, '=');
    if (parts.before == "stars") {
      TRY_SET(out.stars, parse_int(parts.after, "filter stars"));
    } else if (parts.before == "is-official") {
      TRY_SET(out.official, truth(parts.after, filter));
    } else if (parts.before == "is-automated") {
      TRY_SET(out.automated, truth(parts.after, filter));
    } else {
      return fail(Code::kInvalid, "invalid filter type \"" + parts.before + "\"")
          .with_hint("Choose from: stars, is-official, is-automated.");
    }
  }
  return out;
}

Result<void> SearchCommand::found(const std::string& domain, const std::string& term, json& rows) const {
  TRY_SET(const Filters wanted, filters());
  TRY_SET(const auto client, registry::Client::open(domain, client_));
  TRY_SET(const auto all, client->search(term, limit_));
  for (const registry::Found& one : all) {
    if (one.stars < wanted.stars) continue;
    if (wanted.official && one.official != *wanted.official) continue;
    if (wanted.automated && one.automated != *wanted.automated) continue;
    const bool bare = domain == "docker.io" && one.name.find('/') == std::string::npos;
    rows.push_back({{"Index", domain},
                    {"Name", domain + "/" + (bare ? "library/" : "") + one.name},
                    {"Description", shortened(one.description, no_trunc_)},
                    {"Stars", one.stars},
                    {"Official", one.official ? "[OK]" : ""},
                    {"Automated", one.automated ? "[OK]" : ""},
                    {"Tag", ""}});
  }
  return {};
}

Result<int> SearchCommand::list_tags(const std::string& term) const {
  if (!filters_.empty()) return fail(Code::kInvalid, "filters are not applicable to list tags result");
  const std::string name = term.starts_with("docker://") ? term.substr(9) : term;
  TRY_SET(const engine::Reference reference, engine::parse_reference(name));
  TRY_SET(const auto client, registry::Client::open(reference.domain, client_));
  TRY_SET(std::vector<std::string> tags, client->tags(reference.path));
  if (std::ssize(tags) > limit_) tags.resize(static_cast<std::size_t>(limit_));
  json rows = json::array();
  for (const std::string& tag : tags) rows.push_back({{"Name", reference.repository()}, {"Tag", tag}});
  const json documents = json::array({{{"Name", reference.repository()}, {"Tags", tags}}});
  const Listing listing{{{"NAME", ".Name"}, {"TAG", ".Tag"}}, {}, false};
  TRY_SET(const std::string text, render_list(listing, format_, rows, documents));
  std::fputs(text.c_str(), stdout);
  return 0;
}

Result<int> SearchCommand::search(const std::string& term) const {
  TRY_SET(const auto places, places_of(term));
  json rows = json::array();
  std::optional<Error> failed;
  std::size_t answered = 0;
  for (const Place& place : places) {
    auto result = found(place.domain, place.term, rows);
    if (result.ok()) {
      ++answered;
      continue;
    }
    if (places.size() > 1) print_error(result.error());
    failed = std::move(result).error();
  }
  if (answered == 0 && failed) return *failed;
  Listing listing{{{"NAME", ".Name"}, {"DESCRIPTION", ".Description"}},
                  {{"INDEX", ".Index"}, {"STARS", ".Stars"}, {"OFFICIAL", ".Official"}, {"AUTOMATED", ".Automated"}},
                  false};
  if (compatible_) listing.columns.insert(listing.columns.end(), listing.headers.begin() + 1, listing.headers.end());
  TRY_SET(const std::string text, render_list(listing, format_, rows, rows));
  std::fputs(text.c_str(), stdout);
  return 0;
}

Result<int> SearchCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(apply_environment(engine));
  if (limit_ < 0 || limit_ > kHighestLimit) {
    return fail(Code::kInvalid, "limit " + std::to_string(limit_) + " is outside the range of [1, 100]");
  }
  if (limit_ == 0) limit_ = kDefaultLimit;
  TRY(filters());
  if (arguments_[0].empty()) return fail(Code::kInvalid, "a term to search for is needed");
  return list_tags_ ? list_tags(arguments_[0]) : search(arguments_[0]);
}

}  // namespace creel::cmd
