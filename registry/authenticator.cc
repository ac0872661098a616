#include "registry/authenticator.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "registry/answer_error.h"
#include "registry/encoding.h"
#include "registry/oci/json.h"
#include "registry/retry.h"

namespace creel::registry {

namespace {

std::string parameter(const Challenge& challenge, const char* name) {
  auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? std::string() : found->second;
}

std::string basic_authorization(const Credentials& who) {
  return "Basic " + base64_encode(who.user + ":" + who.password);
}

// Ours, and what the registry asks for where it sees the repository under another name.
std::vector<std::string> scopes(const Scope& scope, const Challenge& challenge) {
  std::vector<std::string> out;
  if (!scope.path.empty()) out.push_back("repository:" + scope.path + (scope.push ? ":pull,push" : ":pull"));
  if (!scope.from.empty()) out.push_back("repository:" + scope.from + ":pull");
  const std::string asked = parameter(challenge, "scope");
  if (!asked.empty() && asked.size() < 1024 && std::find(out.begin(), out.end(), asked) == out.end())
    out.push_back(asked);
  return out;
}

std::string without_query(const std::string& url) {
  return oci::printable(url.substr(0, url.find_first_of("?#")), 200);
}

// It becomes a header line: nothing that would end one.
bool is_header_text(const std::string& token) {
  return !token.empty() && token.size() <= 64 << 10 &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string Authenticator::current(const Scope& scope) {
  std::lock_guard lock(mutex_);
  auto found = grants_.find(scope);
  if (found == grants_.end()) return {};
  if (Clock::now() < found->second.expires) return found->second.authorization;
  const Challenge challenge = found->second.challenge;
  grants_.erase(found);
  // Where it fails, the request goes without, is refused, and the refusal is reported.
  auto grant = token(scope, challenge);
  if (!grant) return {};
  return (grants_[scope] = *grant).authorization;
}

Result<std::string> Authenticator::renewed(const Scope& scope, const HttpAnswer& refusal, const std::string& used) {
  std::lock_guard lock(mutex_);
  if (auto found = grants_.find(scope); found != grants_.end() && found->second.authorization != used)
    return found->second.authorization;
  std::vector<Challenge> challenges;
  for (const auto& [name, value] : refusal.head.fields) {
    if (name != "www-authenticate") continue;
    auto more = parse_challenges(value);
    challenges.insert(challenges.end(), more.begin(), more.end());
  }
  for (const char* scheme : {"bearer", "basic"}) {
    for (const auto& challenge : challenges) {
      if (challenge.scheme != scheme) continue;
      auto grant = challenge.scheme == "bearer" ? token(scope, challenge) : basic(scope, challenge, refusal, used);
      if (!grant) return std::move(grant).error();
      return (grants_[scope] = *grant).authorization;
    }
  }
  return answer_error(refusal);
}

Result<Authenticator::Grant> Authenticator::basic(const Scope& scope, const Challenge& challenge,
                                                  const HttpAnswer& refusal, const std::string& used) {
  TRY_SET(const Credentials who, find_credentials(options_.domain, scope.path, options_.authfile, options_.creds));
  Error refused = answer_error(refusal);
  if (who.user.empty() || !who.identity_token.empty())
    return std::move(refused).with_hint("log in first: creel login " + options_.domain);
  std::string authorization = basic_authorization(who);
  if (authorization == used)
    return std::move(refused).with_hint("check user name and password: creel login " + options_.domain);
  return Grant{std::move(authorization), challenge};
}

Result<Authenticator::Grant> Authenticator::token(const Scope& scope, const Challenge& challenge) {
  const std::string realm = parameter(challenge, "realm"), service = parameter(challenge, "service");
  const std::string what = "requesting a token from " + without_query(realm);
  if (!realm.starts_with("https://") && !(options_.plain_realm && realm.starts_with("http://")))
    return fail(Code::kInvalid, what + ": not an HTTPS address");
  TRY_SET(const Credentials who, find_credentials(options_.domain, scope.path, options_.authfile, options_.creds));

  HttpRequest request;
  request.accept = "application/json";
  request.stays = !who.identity_token.empty();
  std::string query;
  auto add = [&](const char* key, const std::string& value) {
    query += (query.empty() ? "" : "&") + std::string(key) + "=" + percent_encode(value);
  };
  if (!service.empty()) add("service", service);
  if (!who.identity_token.empty()) {
    add("scope", join(scopes(scope, challenge), " "));
    add("grant_type", "refresh_token");
    add("client_id", "creel");
    add("refresh_token", who.identity_token);
    request.url = realm;
    request.text = query;
  } else {
    for (const auto& one : scopes(scope, challenge)) add("scope", one);
    if (!who.user.empty()) {
      add("account", who.user);
      request.authorization = basic_authorization(who);
    }
    request.url = realm + (realm.find('?') == std::string::npos ? "?" : "&") + query;
  }

  const auto asked_at = Clock::now();
  HttpAnswer answer;
  for (Retry retry(options_.retries, options_.retry_delay_ms);;) {
    answer = http_.perform(request);
    const auto wait = retry.after(answer);
    if (!wait) break;
    std::this_thread::sleep_for(*wait);
  }
  if (answer.kind != HttpAnswer::Kind::kAnswered) return std::move(answer.error).within(what);
  if (answer.head.status != 200) {
    Error error = answer_error(answer).within(what);
    if (error.code != Code::kDenied) return error;
    return std::move(error).with_hint((who.empty() ? "log in first: creel login " : "log in again: creel login ") +
                                      options_.domain);
  }
  const auto document = oci::parse_json(answer.body);
  std::string token = oci::string_member(document, "token");
  if (token.empty()) token = oci::string_member(document, "access_token");
  if (!is_header_text(token)) return fail(Code::kInvalid, what + ": there is none in the answer");
  // The specification's default is a minute. It is renewed a little early: the clock started when it was issued.
  const std::int64_t lifetime =
      std::clamp<std::int64_t>(oci::int_member(document, "expires_in").value_or(60), 1, 86'400);
  return Grant{"Bearer " + token, challenge, asked_at + std::chrono::milliseconds(lifetime * 900)};
}

}  // namespace creel::registry
