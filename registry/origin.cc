#include "registry/origin.h"

#include <thread>

#include "registry/answer_error.h"
#include "registry/host.h"
#include "registry/retry.h"
#include "registry/tls_files.h"

namespace creel::registry {

namespace {

using Kind = HttpAnswer::Kind;

// Attempts that got this far do not count: a long transfer over a bad line is not given up for its length.
constexpr std::int64_t kWorthwhile = 1 << 20;

bool succeeded(const HttpAnswer& answer) {
  return answer.kind == Kind::kAnswered && (answer.head.status == 200 || answer.head.status == 206);
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

HttpAnswer Origin::attempt(const Ask& ask, const std::string& authorization) {
  HttpRequest request;
  request.accept = ask.accept;
  request.authorization = authorization;
  request.body_limit = ask.body_limit;
  request.on_head = ask.on_head;
  request.on_data = ask.on_data;
  request.offset = ask.done != nullptr ? *ask.done : 0;
  const std::string rest = host_ + "/v2/" + ask.path + "/" + ask.what;
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

Result<HttpAnswer> Origin::get(const Ask& ask) {
  constexpr int kRenewals = 2;  // a first authorization, and one more where that has just expired
  int renewals = 0;
  std::int64_t before = ask.done != nullptr ? *ask.done : 0;
  std::string authorization = authenticator_.current(ask.path);
  for (Retry retry(options_.retries, options_.retry_delay_ms);;) {
    HttpAnswer answer = attempt(ask, authorization);
    if (answer.kind == Kind::kAnswered && answer.head.status == 401 && renewals < kRenewals) {
      ++renewals;
      TRY_SET(authorization, authenticator_.renewed(ask.path, answer, authorization));
      continue;
    }
    // Who has sent nothing in all that time is not waited for again; who stopped in the middle is.
    if (ask.done != nullptr && answer.kind == Kind::kStalled && *ask.done > before) answer.kind = Kind::kLost;
    if (ask.done != nullptr && (succeeded(answer) || answer.kind == Kind::kLost)) {
      const std::int64_t done = *ask.done;
      if (done == ask.total && (succeeded(answer) || done > 0)) {
        answer.kind = Kind::kAnswered;
        return answer;
      }
      if (done > 0 || succeeded(answer)) {
        const std::string why = answer.kind == Kind::kLost ? ": " + answer.error.text : std::string();
        answer.error = fail(Code::kInvalid, "truncated, " + std::to_string(done) + " of " + std::to_string(ask.total) +
                                                " bytes came" + why);
        answer.kind = Kind::kLost;
      }
      if (done - before >= kWorthwhile) retry = Retry(options_.retries, options_.retry_delay_ms);
      before = done;
    }
    if (succeeded(answer)) return answer;
    if (const auto wait = retry.after(answer); wait) {
      std::this_thread::sleep_for(*wait);
      continue;
    }
    if (answer.kind == Kind::kAnswered) return answer_error(answer);
    return std::move(answer.error);
  }
}

}  // namespace creel::registry
