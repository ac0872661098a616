#include "registry/registries_conf.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "registry/config_paths.h"

namespace creel::registry {

namespace {

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
  return end == reference.size() || reference[end] == '/' || reference[end] == ':' || reference[end] == '@' ? end : 0;
}

Endpoint endpoint(const std::string& reference, bool insecure) {
  Cut parts = cut(reference, '/');
  return {parts.before, parts.after, insecure};
}

}  // namespace

Result<RegistriesConf> RegistriesConf::load() {
  const std::string user = user_config("registries.conf");
  const std::string named = environment("CONTAINERS_REGISTRIES_CONF");
  if (!named.empty() && !path_exists(named))
    return fail(Code::kNotFound, "reading " + named + ", which CONTAINERS_REGISTRIES_CONF names: no such file");
  const bool users_own = named.empty() && !user.empty() && path_exists(user);
  std::vector<std::string> files{!named.empty() ? named : users_own ? user : "/etc/containers/registries.conf"};
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
  for (const auto& file : files) TRY(add_registries_file(file, &file == &files.front(), out.settings_));
  return out;
}

const RegistriesSettings::Entry* RegistriesConf::best(const std::string& reference, std::size_t& longest) const {
  const RegistriesSettings::Entry* best = nullptr;
  longest = 0;
  for (const auto& entry : settings_.entries) {
    const std::size_t length = covered(entry.prefix, reference);
    // A wildcard covers a whole host and loses against the host's own entry; of two the longer one wins.
    bool better = length > longest;
    if (length == longest && best != nullptr && best->prefix.starts_with("*."))
      better = !entry.prefix.starts_with("*.") || entry.prefix.size() > best->prefix.size();
    if (length > 0 && better) {
      best = &entry;
      longest = length;
    }
  }
  return best;
}

Result<void> RegistriesConf::check_blocked(const std::string& reference) const {
  std::size_t longest = 0;
  const RegistriesSettings::Entry* entry = best(reference, longest);
  if (entry == nullptr || !entry->blocked) return {};
  return fail(Code::kDenied, "registry " + entry->prefix + " is blocked in registries.conf");
}

Result<std::vector<Endpoint>> RegistriesConf::endpoints(const std::string& domain, const std::string& path,
                                                        bool by_digest) const {
  const std::string reference = domain + "/" + path;
  TRY(check_blocked(reference));
  std::size_t longest = 0;
  const RegistriesSettings::Entry* entry = best(reference, longest);
  if (entry == nullptr) return std::vector<Endpoint>{{domain, path, false}};
  std::vector<Endpoint> out;
  const std::string rest = reference.substr(longest);
  for (const auto& mirror : entry->mirrors) {
    if (by_digest ? mirror.for_digests : mirror.for_tags)
      out.push_back(endpoint(mirror.location + rest, mirror.insecure));
  }
  out.push_back(endpoint(entry->location.empty() ? reference : entry->location + rest, entry->insecure));
  return out;
}

}  // namespace creel::registry
