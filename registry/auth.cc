#include "registry/auth.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "registry/credential_helper.h"
#include "registry/encoding.h"
#include "registry/oci/json.h"
#include "registry/registries_conf.h"

namespace creel::registry {

namespace {

using nlohmann::json;
using oci::member;
using oci::string_member;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::vector<std::string> default_files() {
  std::vector<std::string> out;
  const std::string home = environment("HOME");
  std::string config = environment("XDG_CONFIG_HOME"), docker = environment("DOCKER_CONFIG");
  if (config.empty() && !home.empty()) config = home + "/.config";
  out.push_back(runtime_auth_file());
  if (!config.empty()) out.push_back(config + "/containers/auth.json");
  if (!docker.empty()) out.push_back(docker + "/config.json");
  if (!home.empty()) out.push_back(home + "/.docker/config.json");
  return out;
}

// "a.io/b/c", "a.io/b", "a.io": the longest first.
std::vector<std::string> keys_of(const std::string& domain, const std::string& path) {
  std::vector<std::string> out{domain + "/" + path};
  while (out.back().size() > domain.size()) {
    std::string shorter = out.back();
    shorter.resize(shorter.rfind('/'));
    out.push_back(shorter);
  }
  return out;
}

// Older Docker versions wrote URLs: "https://host/v1/" means "host".
std::string host_of(std::string_view key) {
  if (auto scheme = key.find("://"); scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  return std::string(key.substr(0, key.find('/')));
}

bool is_docker_hub(const std::string& host) {
  return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io";
}

Result<Credentials> decode(const json& entry, const std::string& file, const std::string& key) {
  Credentials out;
  out.identity_token = string_member(entry, "identitytoken");
  std::string pair = string_member(entry, "auth");
  if (!pair.empty()) {
    auto decoded = base64_decode(trim(pair));
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos)
      return fail(Code::kInvalid,
                  "reading credentials of " + key + " in " + file + ": auth is not base64 of user:password");
    out.user = decoded->substr(0, colon);
    out.password = decoded->substr(colon + 1);
    while (out.password.ends_with('\0')) out.password.pop_back();
  } else {
    out.user = string_member(entry, "username");
    out.password = string_member(entry, "password");
  }
  if (!out.identity_token.empty() && out.user.empty()) out.user = "<token>";
  return out;
}

Result<Credentials> search(const json& config, const std::string& file, const std::string& domain,
                           const std::string& path) {
  const bool hub = is_docker_hub(domain);
  auto keys = keys_of(domain, path);
  if (hub) keys.insert(keys.end(), {"docker.io", kDockerHubKey, "index.docker.io", "registry-1.docker.io"});
  if (const auto* helpers = member(config, "credHelpers"); helpers != nullptr) {
    for (const auto& key : keys) {
      const std::string helper = string_member(*helpers, key.c_str());
      if (!helper.empty()) return CredentialHelper(helper).get(key);
    }
  }
  if (const auto* auths = member(config, "auths"); auths != nullptr && auths->is_object()) {
    for (const auto& key : keys) {
      if (const auto* entry = member(*auths, key.c_str()); entry != nullptr) {
        TRY_SET(auto found, decode(*entry, file, key));
        if (!found.empty()) return found;
      }
    }
    for (const auto& [key, entry] : auths->items()) {
      if (key.find("://") == std::string::npos || host_of(key) != domain) continue;
      TRY_SET(auto found, decode(entry, file, key));
      if (!found.empty()) return found;
    }
  }
  const std::string store = string_member(config, "credsStore");
  // A desktop's configuration names its store on every machine that shares the home directory.
  if (store.empty() || !CredentialHelper(store).present()) return Credentials{};
  return CredentialHelper(store).get(hub ? kDockerHubKey : domain);
}

}  // namespace

std::string runtime_auth_file() {
  const std::string runtime = environment("XDG_RUNTIME_DIR");
  return (runtime.empty() ? "/run/containers/" + std::to_string(::getuid()) : runtime + "/containers") + "/auth.json";
}

namespace {

Result<Credentials> in_files(const std::string& domain, const std::string& path, const std::string& authfile) {
  std::vector<std::string> files = default_files();
  if (const std::string named = environment("REGISTRY_AUTH_FILE"); !named.empty()) files = {named};
  if (!authfile.empty()) files = {authfile};
  for (const auto& file : files) {
    auto text = read_file(file, 4 << 20);
    if (!text) {
      const int err = text.error().err;
      if (!authfile.empty()) {
        if (err == ENOENT) return fail(Code::kNotFound, "reading credentials: " + file + ": no such file");
        return std::move(text).error().within("reading credentials");
      }
      if (err == ENOENT || err == ENOTDIR || err == EACCES) continue;
      return std::move(text).error().within("reading credentials");
    }
    if (trim(*text).empty()) continue;
    const json config = oci::parse_json(*text);
    if (!config.is_object()) return fail(Code::kInvalid, "reading credentials: " + file + ": no JSON object");
    TRY_SET(auto found, search(config, file, domain, path));
    if (!found.empty()) return found;
  }
  return Credentials{};
}

}  // namespace

Result<Credentials> find_credentials(const std::string& domain, const std::string& path, const std::string& authfile,
                                     const std::string& creds) {
  if (!creds.empty()) {
    Cut parts = cut(creds, ':');
    if (parts.before.empty()) return fail(Code::kInvalid, "credentials: expected user[:password]");
    return Credentials{parts.before, parts.after, {}};
  }
  if (!authfile.empty()) return in_files(domain, path, authfile);
  TRY_SET(const RegistriesConf conf, RegistriesConf::load());
  if (conf.credential_helpers().empty()) return in_files(domain, path, {});
  for (const std::string& name : conf.credential_helpers()) {
    const CredentialHelper helper(name);
    // What this host lacks is passed over: the file may be the home directory's on many.
    if (name != kFilesHelper && !helper.present()) continue;
    TRY_SET(auto found, name == kFilesHelper ? in_files(domain, path, {})
                                             : helper.get(is_docker_hub(domain) ? kDockerHubKey : domain));
    if (!found.empty()) return found;
  }
  return Credentials{};
}

}  // namespace creel::registry
