#include "registry/policy/policy.h"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "registry/config_paths.h"
#include "registry/encoding.h"
#include "registry/oci/json.h"

namespace creel::registry::policy {

namespace {

using nlohmann::json;
using Kind = Requirement::Kind;

constexpr std::size_t kLargest = 4 << 20;
constexpr const char* kSystemFile = "/etc/containers/policy.json";

// One object of the file, of which every member must be known.
class Object {
 public:
  // `what` names it in errors.
  static Result<Object> of(const json& value, std::set<std::string> known, const std::string& what) {
    if (!value.is_object()) return fail(Code::kInvalid, what + " is no object");
    for (const auto& [key, unused] : value.items()) {
      if (!known.contains(key))
        return fail(Code::kInvalid, what + " has the unknown member \"" + oci::printable(key, 60) + "\"");
    }
    return Object(value, what);
  }

  [[nodiscard]] bool has(const char* key) const { return value_->contains(key); }
  [[nodiscard]] const json& at(const char* key) const { return (*value_)[key]; }
  [[nodiscard]] const std::string& what() const { return what_; }

  // A string that is there and not empty.
  [[nodiscard]] Result<std::string> text(const char* key) const {
    const auto found = value_->find(key);
    if (found == value_->end() || !found->is_string() || found->get_ref<const std::string&>().empty())
      return fail(Code::kInvalid, what_ + ": " + key + " is missing, or no string");
    return found->get<std::string>();
  }
  [[nodiscard]] Result<std::vector<std::string>> list(const char* key) const {
    const json& array = at(key);
    std::vector<std::string> out;
    for (const json& item : array.is_array() ? array : json::array()) {
      if (!item.is_string()) return fail(Code::kInvalid, what_ + ": " + key + " holds what is no string");
      out.push_back(item.get<std::string>());
    }
    if (out.empty()) return fail(Code::kInvalid, what_ + ": " + key + " is no list, or an empty one");
    return out;
  }
  // `NAMEPath`, `NAMEPaths`, `NAMEData`, `NAMEDatas`: at most one of them.
  [[nodiscard]] Result<Keys> keys(const std::string& name) const {
    Keys out;
    int sources = 0;
    std::vector<std::string> encoded;
    for (const char* suffix : {"Path", "Paths", "Data", "Datas"}) {
      const std::string key = name + suffix;
      if (!has(key.c_str())) continue;
      ++sources;
      std::vector<std::string> values;
      if (key.ends_with('s')) {
        TRY_SET(values, list(key.c_str()));
      } else {
        TRY_SET(std::string one, text(key.c_str()));
        values.push_back(std::move(one));
      }
      (key.find("Path") != std::string::npos ? out.paths : encoded) = std::move(values);
    }
    if (sources > 1)
      return fail(Code::kInvalid, what_ + ": only one of " + name + "Path, " + name + "Paths, " + name + "Data and " +
                                      name + "Datas may be there");
    for (const std::string& data : encoded) {
      auto bytes = base64_decode(data);
      if (!bytes) return fail(Code::kInvalid, what_ + ": " + name + "Data is not base64");
      out.data.push_back(std::move(*bytes));
    }
    return out;
  }

 private:
  Object(const json& value, std::string what) : value_(&value), what_(std::move(what)) {}
  const json* value_;
  std::string what_;
};

std::set<std::string> with_keys(std::set<std::string> known, const std::string& name) {
  for (const char* suffix : {"Path", "Paths", "Data", "Datas"}) known.insert(name + suffix);
  return known;
}

Result<IdentityRule> parse_identity(const json& value, const std::string& what) {
  using Rule = IdentityRule::Kind;
  const std::string type = oci::string_member(value, "type");
  IdentityRule out;
  const auto plain = [&](Rule kind) -> Result<IdentityRule> {
    TRY(Object::of(value, {"type"}, what));
    out.kind = kind;
    return out;
  };
  if (type == "matchExact") return plain(Rule::kMatchExact);
  if (type == "matchRepoDigestOrExact") return plain(Rule::kMatchRepoDigestOrExact);
  if (type == "matchRepository") return plain(Rule::kMatchRepository);
  if (type == "exactReference") {
    TRY_SET(const Object object, Object::of(value, {"type", "dockerReference"}, what));
    out.kind = Rule::kExactReference;
    TRY_SET(out.value, object.text("dockerReference"));
    return out;
  }
  if (type == "exactRepository") {
    TRY_SET(const Object object, Object::of(value, {"type", "dockerRepository"}, what));
    out.kind = Rule::kExactRepository;
    TRY_SET(out.value, object.text("dockerRepository"));
    return out;
  }
  if (type == "remapIdentity") {
    TRY_SET(const Object object, Object::of(value, {"type", "prefix", "signedPrefix"}, what));
    out.kind = Rule::kRemapIdentity;
    TRY_SET(out.value, object.text("prefix"));
    TRY_SET(out.signed_prefix, object.text("signedPrefix"));
    return out;
  }
  return fail(Code::kInvalid, what + ": unknown type \"" + oci::printable(type, 60) + "\"");
}

Result<void> add_identity(const Object& object, Requirement& out) {
  if (!object.has("signedIdentity")) return {};
  TRY_SET(out.identity, parse_identity(object.at("signedIdentity"), object.what() + ": signedIdentity"));
  return {};
}

Result<Requirement> parse_signed_by(const json& value, const std::string& what) {
  TRY_SET(const Object object,
          Object::of(value, {"type", "keyType", "keyPath", "keyPaths", "keyData", "signedIdentity"}, what));
  Requirement out{.kind = Kind::kSignedBy};
  TRY_SET(const std::string key_type, object.text("keyType"));
  if (key_type != "GPGKeys")
    return fail(Code::kUnsupported, what + ": keyType \"" + oci::printable(key_type, 60) + "\": only GPGKeys is known");
  TRY_SET(out.keys, object.keys("key"));
  if (out.keys.empty()) return fail(Code::kInvalid, what + ": one of keyPath, keyPaths and keyData must be there");
  TRY(add_identity(object, out));
  return out;
}

Result<Requirement> parse_sigstore(const json& value, const std::string& what) {
  const auto known = with_keys(with_keys({"type", "fulcio", "signedIdentity"}, "key"), "rekorPublicKey");
  TRY_SET(const Object object, Object::of(value, known, what));
  Requirement out{.kind = Kind::kSigstoreSigned};
  TRY_SET(out.keys, object.keys("key"));
  TRY_SET(out.rekor, object.keys("rekorPublicKey"));
  if (object.has("fulcio")) {
    TRY_SET(const Object fulcio,
            Object::of(object.at("fulcio"), {"caPath", "caData", "oidcIssuer", "subjectEmail"}, what + ": fulcio"));
    out.fulcio.emplace();
    TRY_SET(out.fulcio->authorities, fulcio.keys("ca"));
    if (out.fulcio->authorities.empty())
      return fail(Code::kInvalid, fulcio.what() + ": one of caPath and caData must be there");
    TRY_SET(out.fulcio->oidc_issuer, fulcio.text("oidcIssuer"));
    TRY_SET(out.fulcio->subject_email, fulcio.text("subjectEmail"));
    // Its certificates live for minutes: only the log tells when they signed.
    if (out.rekor.empty()) return fail(Code::kInvalid, what + ": fulcio needs a rekorPublicKeyPath or -Data");
  }
  if (out.keys.empty() == !out.fulcio.has_value())
    return fail(Code::kInvalid,
                what + ": exactly one of keyPath, keyPaths, keyData, keyDatas and fulcio must be there");
  TRY(add_identity(object, out));
  return out;
}

Result<Requirement> parse_requirement(const json& value, const std::string& what) {
  const std::string type = oci::string_member(value, "type");
  if (type == "signedBy") return parse_signed_by(value, what + ": signedBy");
  if (type == "sigstoreSigned") return parse_sigstore(value, what + ": sigstoreSigned");
  if (type == "insecureAcceptAnything" || type == "reject") {
    TRY(Object::of(value, {"type"}, what + ": " + type));
    return Requirement{.kind = type == "reject" ? Kind::kReject : Kind::kAcceptAnything};
  }
  if (type == "signedBaseLayer") {
    TRY(Object::of(value, {"type", "baseLayerIdentity"}, what + ": " + type));
    return Requirement{.kind = Kind::kSignedBaseLayer};
  }
  return fail(Code::kInvalid, what + ": unknown type of requirement \"" + oci::printable(type, 60) + "\"");
}

Result<Requirements> parse_requirements(const json& value, const std::string& what) {
  if (!value.is_array() || value.empty()) return fail(Code::kInvalid, what + ": it is no list, or an empty one");
  Requirements out;
  for (const json& item : value) {
    TRY_SET(Requirement one, parse_requirement(item, what));
    out.push_back(std::move(one));
  }
  return out;
}

// A scope that can never match would silently leave its images to a wider one.
Result<void> check_scope(const std::string& transport, const std::string& scope, const std::string& what) {
  if (scope.empty()) return {};
  if (transport == "docker-archive" || transport == "tarball")
    return fail(Code::kInvalid, what + ": this transport has no scopes but \"\"");
  if (transport != "dir" && transport != "oci" && transport != "oci-archive") return {};
  const bool clean = scope.front() == '/' && scope.size() > 1 && scope.back() != '/' &&
                     (scope + "/").find("//") == std::string::npos && (scope + "/").find("/./") == std::string::npos &&
                     (scope + "/").find("/../") == std::string::npos;
  if (clean) return {};
  return fail(Code::kInvalid, what + ": a scope is an absolute path, without . and .., and not / itself");
}

}  // namespace

Origin registry_origin(const std::string& domain, const std::string& path, const std::string& tag_or_digest) {
  Origin out{"docker", {}};
  std::string name = domain + "/" + path;
  out.scopes.push_back(name + tag_or_digest);
  for (;;) {
    out.scopes.push_back(name);
    const std::size_t slash = name.rfind('/');
    if (slash == std::string::npos) break;
    name.resize(slash);
  }
  name = domain.substr(0, domain.find(':'));
  for (std::size_t dot; (dot = name.find('.')) != std::string::npos;) {
    name.erase(0, dot + 1);
    out.scopes.push_back("*." + name);
  }
  return out;
}

Origin file_origin(const std::string& transport, const std::string& path) {
  Origin out{transport, {}};
  std::string name = path;
  while (name.size() > 1) {
    out.scopes.push_back(name);
    name.resize(std::min(name.rfind('/'), name.size()));
  }
  return out;
}

Result<Policy> Policy::parse(const std::string& text, const std::string& label) {
  const json document = oci::parse_strict_json(text);
  if (document.is_discarded())
    return fail(Code::kInvalid, label + ": not JSON, nested too deeply, or with a member that is there twice");
  TRY_SET(const Object object, Object::of(document, {"default", "transports"}, label));
  if (!object.has("default")) return fail(Code::kInvalid, label + ": default is missing");
  Policy out;
  out.label_ = label;
  TRY_SET(out.default_, parse_requirements(object.at("default"), label + ": default"));
  if (!object.has("transports")) return out;
  if (!object.at("transports").is_object()) return fail(Code::kInvalid, label + ": transports is no object");
  for (const auto& [transport, scopes] : object.at("transports").items()) {
    const std::string where = label + ": " + oci::printable(transport, 60);
    if (!scopes.is_object()) return fail(Code::kInvalid, where + " is no object");
    auto& known = out.transports_[transport];
    for (const auto& [scope, value] : scopes.items()) {
      const std::string what = where + ": \"" + oci::printable(scope) + "\"";
      TRY(check_scope(transport, scope, what));
      TRY_SET(known[scope], parse_requirements(value, what));
    }
  }
  return out;
}

Result<Policy> Policy::load(const std::string& path) {
  const std::vector<std::string> files =
      path.empty() ? std::vector<std::string>{user_config("policy.json"), kSystemFile} : std::vector<std::string>{path};
  for (const std::string& file : files) {
    if (file.empty()) continue;
    auto text = read_file(file, kLargest);
    if (text) return parse(*text, file);
    // Only what is absent for certain is passed over: an unreadable policy is no permission.
    const bool absent = text.error().err == ENOENT || text.error().err == ENOTDIR;
    if (!absent || !path.empty()) return std::move(text).error().within("reading the signature policy");
  }
  Policy out;
  out.default_ = {Requirement{.kind = Kind::kAcceptAnything}};
  return out;
}

const Requirements& Policy::requirements(const Origin& origin) const {
  const auto transport = transports_.find(origin.transport);
  if (transport == transports_.end()) return default_;
  for (const std::string& scope : origin.scopes) {
    const auto found = transport->second.find(scope);
    if (found != transport->second.end()) return found->second;
  }
  const auto general = transport->second.find("");
  return general != transport->second.end() ? general->second : default_;
}

}  // namespace creel::registry::policy
