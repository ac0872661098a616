#include "registry/origin.h"

#include <thread>

#include "registry/answer_error.h"
#include "registry/host.h"
#include "registry/oci/json.h"
#include "registry/retry.h"
#include "registry/tls_files.h"
#include "registry/url.h"

namespace creel::registry {

namespace {

using Kind = HttpAnswer::Kind;

// Attempts that got this far do not count: a long transfer over a bad line is not given up for its length.
constexpr std::int64_t kWorthwhile = 1 << 20;

bool succeeded(const Ask& ask, const HttpAnswer& answer) {
  const int status = answer.head.status;
  const bool good = ask.method.empty() ? status == 200 || status == 206 : status >= 200 && status < 300;
  return answer.kind == Kind::kAnswered && good;
}

// Whether the other side may be one that speaks plain HTTP.
bool may_be_plain(const HttpAnswer& answer, const std::string& host) {
  if (answer.kind == Kind::kHandshake || (answer.kind == Kind::kLost && answer.head.status == 0)) return true;
  // Another port than the one that was tried.
  return answer.kind == Kind::kUnreachable && !has_port(host);
}

}  // namespace

Origin::Origin(std::string host, const ClientOptions& options, HttpSettings settings, Authenticator::Options auth,
               bool plain_allowed)
    : host_(std::move(host)),
      options_(options),
      plain_allowed_(plain_allowed),
      verify_(settings.verify),
      scheme_(plain_allowed ? Scheme::kUnknown : Scheme::kHttps),
      http_(std::move(settings)),
      authenticator_(http_, std::move(auth)) {}

Result<std::unique_ptr<Origin>> Origin::open(const std::string& domain, const ClientOptions& options, bool insecure) {
  TRY(check_host(domain));
  HttpSettings settings;
  settings.own_host = domain == "docker.io" ? "registry-1.docker.io" : domain;
  settings.connect_timeout_s = options.connect_timeout_s;
  settings.stall_timeout_s = options.stall_timeout_s;
  // What the command line says wins over registries.conf.
  const bool trusting = options.tls_verify ? !*options.tls_verify : insecure;
  const bool plain_allowed = trusting || (!options.tls_verify && is_loopback(domain));
  settings.verify = !trusting;
  TRY_SET(settings.tls, find_tls_files(domain, options.cert_dir));
  Authenticator::Options auth{domain,          options.authfile,       options.creds,
                              options.retries, options.retry_delay_ms, plain_allowed};
  const std::string host = settings.own_host;
  return std::unique_ptr<Origin>(new Origin(host, options, std::move(settings), std::move(auth), plain_allowed));
}

bool Origin::own(const std::string& url) const {
  const std::string origin = Url(url).origin();
  return origin == Url("https://" + host_).origin() ||
         (scheme_ == Scheme::kHttp && origin == Url("http://" + host_).origin());
}

HttpAnswer Origin::attempt(const Ask& ask, const std::string& authorization) {
  HttpRequest request;
  request.method = ask.method;
  request.accept = ask.accept;
  request.content_type = ask.content_type;
  request.content_range = ask.content_range;
  request.text = ask.text;
  request.body = ask.body;
  request.on_sent = ask.on_sent;
  request.authorization = authorization;
  request.body_limit = ask.body_limit;
  request.on_head = ask.on_head;
  request.on_data = ask.on_data;
  if (ask.done != nullptr && (ask.no_range == nullptr || !*ask.no_range)) request.offset = *ask.done;
  if (!ask.url.empty()) {
    request.url = ask.url;
    if (Url(ask.url).scheme() == "https" || scheme_ == Scheme::kHttp || !verify_) return http_.perform(request);
    HttpAnswer refused;
    refused.error = fail(Code::kInvalid, "sent from HTTPS to plain HTTP at " + oci::printable(Url(ask.url).host()));
    return refused;
  }
  const std::string rest =
      host_ + (ask.what.starts_with('/') ? "" : "/v2/") + (ask.path.empty() ? "" : ask.path + "/") + ask.what;
  const Scheme known = scheme_;
  HttpAnswer secure;
  if (known != Scheme::kHttp) {
    request.url = "https://" + rest;
    secure = http_.perform(request);
    if (secure.head.status != 0) scheme_ = Scheme::kHttps;
    if (known == Scheme::kHttps || !may_be_plain(secure, host_)) return secure;
  }
  request.url = "http://" + rest;
  HttpAnswer plain = http_.perform(request);
  if (known == Scheme::kHttp) return plain;
  // A TLS server answers HTTP with 400: then its refusal of our handshake is the news.
  const bool hung_up = plain.kind == Kind::kLost && plain.head.status == 0;
  if (plain.head.status == 400 || (hung_up && secure.kind == Kind::kHandshake)) return secure;
  if (plain.head.status != 0) scheme_ = Scheme::kHttp;
  return plain;
}

Result<HttpAnswer> Origin::once(const Ask& ask) {
  constexpr int kRenewals = 2;  // a first authorization, and one more where that has just expired
  const bool mine = ask.url.empty() || own(ask.url);
  std::string authorization = mine ? authenticator_.current(ask.scope) : std::string();
  for (int renewals = 0;; ++renewals) {
    HttpAnswer answer = attempt(ask, authorization);
    const bool refused = answer.kind == Kind::kAnswered && answer.head.status == 401;
    if (!refused || !mine || renewals == kRenewals) return answer;
    TRY_SET(authorization, authenticator_.renewed(ask.scope, answer, authorization));
  }
}

Result<HttpAnswer> Origin::get(const Ask& ask) {
  std::int64_t before = ask.done != nullptr ? *ask.done : 0;
  for (Retry retry(options_.retries, options_.retry_delay_ms);;) {
    const bool ranged = ask.no_range != nullptr && !*ask.no_range && *ask.done > 0;
    TRY_SET(HttpAnswer answer, once(ask));
    if (ranged && answer.kind == Kind::kAnswered && answer.head.status == 416) *ask.no_range = true;
    if (ranged && *ask.no_range) continue;
    const bool good = succeeded(ask, answer);
    // Who has sent nothing in all that time is not waited for again; who stopped in the middle is.
    if (ask.done != nullptr && answer.kind == Kind::kStalled && *ask.done > before) answer.kind = Kind::kLost;
    if (ask.done != nullptr && (good || answer.kind == Kind::kLost)) {
      const std::int64_t done = *ask.done;
      if (done == ask.total && (good || done > 0)) {
        answer.kind = Kind::kAnswered;
        return answer;
      }
      if (done > 0 || good) {
        const std::string why = answer.kind == Kind::kLost ? ": " + answer.error.text : std::string();
        answer.error = fail(Code::kUnavailable, "truncated, " + std::to_string(done) + " of " +
                                                    std::to_string(ask.total) + " bytes came" + why);
        answer.kind = Kind::kLost;
      }
      if (done - before >= kWorthwhile) retry = Retry(options_.retries, options_.retry_delay_ms);
      before = done;
    }
    if (good && answer.kind == Kind::kAnswered) return answer;
    if (const auto wait = retry.after(answer); wait) {
      std::this_thread::sleep_for(*wait);
      continue;
    }
    if (answer.kind != Kind::kAnswered) return std::move(answer.error);
    Error refused = answer_error(answer);
    if (answer.head.status != 401) return refused;
    // With whatever rights we got: a token that anybody is given, for example.
    return std::move(refused).with_hint("log in first: creel login " +
                                        (host_ == "registry-1.docker.io" ? "docker.io" : host_));
  }
}

}  // namespace creel::registry
