#include "registry/auth_file.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <climits>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/lock.h"
#include "base/text.h"
#include "registry/credential_helper.h"
#include "registry/encoding.h"
#include "registry/host.h"
#include "registry/oci/json.h"
#include "registry/registries_conf.h"

namespace creel::registry {

namespace {

using nlohmann::json;

// A file that is kept elsewhere and linked to stays there.
std::string target_of(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) != nullptr ? resolved : path;
}

// The file under its lock, from reading to writing.
class Edit {
 public:
  static Result<Edit> begin(const std::string& path) {
    const std::string target = target_of(path);
    const std::size_t slash = target.rfind('/');
    if (slash != std::string::npos && slash > 0) TRY(make_dirs(target.substr(0, slash)));
    TRY_SET(FileLock lock, FileLock::acquire(target + ".lock"));
    Edit out(target, std::move(lock));
    if (path_exists(target)) {
      TRY_SET(const std::string text, read_file(target, 4 << 20));
      if (!trim(text).empty()) out.document = oci::parse_json(text);
    }
    if (!out.document.is_object()) return fail(Code::kInvalid, target + ": no JSON object");
    return out;
  }
  Result<void> commit() { return write_atomic(path_, document.dump(1, '\t') + "\n", 0600, Durability::kSynced); }

  json document = json::object();

 private:
  Edit(std::string path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  FileLock lock_;
};

// The program that keeps the credentials of `key`; empty: the file itself does.
std::string helper_for(const json& document, const std::string& key) {
  if (const auto* helpers = oci::member(document, "credHelpers"); helpers != nullptr) {
    const std::string own = oci::string_member(*helpers, key.c_str());
    if (!own.empty()) return own;
  }
  return oci::string_member(document, "credsStore");
}

// What is no object there, an older file's null for example, is replaced.
json& auths_of(json& document) {
  json& auths = document["auths"];
  if (!auths.is_object()) auths = json::object();
  return auths;
}

}  // namespace

Result<AuthFile> AuthFile::choose(const std::string& authfile, const std::string& compat) {
  if (!authfile.empty() && !compat.empty())
    return fail(Code::kInvalid,
                "options for paths to the credential file and to the Docker-compatible credential file "
                "can not be set simultaneously");
  if (!compat.empty()) return AuthFile(compat, true);
  if (!authfile.empty()) return AuthFile(authfile, false);
  const char* named = std::getenv("REGISTRY_AUTH_FILE");
  AuthFile out(named != nullptr && *named != '\0' ? named : runtime_auth_file(), false);
  TRY_SET(const RegistriesConf conf, RegistriesConf::load());
  out.helpers_ = conf.credential_helpers();
  return out;
}

std::string AuthFile::name_of(const std::string& key) const {
  return docker_ && key == "docker.io" ? kDockerHubKey : key;
}

Result<void> AuthFile::store(const std::string& key, const Credentials& who) const {
  const std::string name = name_of(key);
  for (const std::string& helper : helpers_) {
    if (helper == kFilesHelper) break;
    // Helpers know hosts alone.
    if (name.find('/') == std::string::npos && CredentialHelper(helper).present())
      return CredentialHelper(helper).store(name == "docker.io" ? kDockerHubKey : name, who);
  }
  TRY_SET(Edit edit, Edit::begin(path_));
  if (const std::string helper = helper_for(edit.document, name); !helper.empty())
    return CredentialHelper(helper).store(name, who);
  json& entry = auths_of(edit.document)[name];
  if (!entry.is_object()) entry = json::object();
  for (const char* old : {"identitytoken", "username", "password"}) entry.erase(old);
  entry["auth"] = base64_encode(who.user + ":" + who.password);
  return edit.commit();
}

Result<bool> AuthFile::erase(const std::string& key) const {
  TRY_SET(bool found, erase_from_file(name_of(key)));
  for (const std::string& name : helpers_) {
    const CredentialHelper helper(name);
    if (name == kFilesHelper || !helper.present()) continue;
    const std::string there = key == "docker.io" ? kDockerHubKey : key;
    TRY_SET(const Credentials kept, helper.get(there));
    if (kept.empty()) continue;
    TRY(helper.erase(there));
    found = true;
  }
  return found;
}

Result<bool> AuthFile::erase_from_file(const std::string& name) const {
  if (!path_exists(path_)) return false;
  TRY_SET(Edit edit, Edit::begin(path_));
  bool found = false;
  if (const std::string helper = helper_for(edit.document, name); !helper.empty()) {
    TRY_SET(const Credentials kept, CredentialHelper(helper).get(name));
    found = !kept.empty();
    if (found) TRY(CredentialHelper(helper).erase(name));
  }
  if (auths_of(edit.document).erase(name) == 0) return found;
  TRY(edit.commit());
  return true;
}

Result<void> AuthFile::erase_all() const {
  if (!path_exists(path_)) return {};
  TRY_SET(Edit edit, Edit::begin(path_));
  // What a program that this host lacks keeps is out of reach from here.
  const auto forget = [](const std::string& helper, const std::string& key) -> Result<void> {
    if (helper.empty() || !CredentialHelper(helper).present()) return {};
    return CredentialHelper(helper).erase(key);
  };
  if (const auto* helpers = oci::member(edit.document, "credHelpers"); helpers != nullptr && helpers->is_object()) {
    for (const auto& [key, helper] : helpers->items()) {
      if (helper.is_string()) TRY(forget(helper.get<std::string>(), key));
    }
  }
  const std::string store = oci::string_member(edit.document, "credsStore");
  for (const auto& [key, entry] : auths_of(edit.document).items()) TRY(forget(store, key));
  edit.document["auths"] = json::object();
  return edit.commit();
}

Result<std::string> auth_key(const std::string& given) {
  std::string key = given;
  bool url = false;
  for (const char* scheme : {"https://", "http://"}) {
    if (!key.starts_with(scheme)) continue;
    key.erase(0, std::string_view(scheme).size());
    url = true;
  }
  while (key.ends_with('/')) key.pop_back();
  if (url) key = cut(key, '/').before;
  const Cut parts = cut(key, '/');
  if (auto good = check_host(parts.before); !good)
    return std::move(good).error().within("registry \"" + oci::printable(given, 100) + "\"");
  const bool plain = std::all_of(parts.after.begin(), parts.after.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._-/").find(c) != std::string_view::npos;
  });
  if (!plain)
    return fail(Code::kInvalid,
                "registry \"" + oci::printable(given, 100) + "\": HOST[:PORT][/NAMESPACE] is expected, without a tag");
  if (key == "index.docker.io" || key == "registry-1.docker.io") key = "docker.io";
  return key;
}

}  // namespace creel::registry
