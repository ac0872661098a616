// One registry host: HTTPS or, where that is allowed, HTTP; its certificates, its tokens, its patience. Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "registry/authenticator.h"
#include "registry/client.h"
#include "registry/http.h"

namespace creel::registry {

// A request for /v2/PATH/WHAT.
struct Ask {
  Scope scope;
  std::string path, what;  // path empty: /v2/WHAT, or WHAT where that begins with "/"
  std::string url;         // instead of these: an address that the registry gave. Credentials go to its own host alone
  std::string method;      // empty: GET
  std::string accept;
  std::string content_type, content_range;
  std::optional<std::string> text;
  std::optional<archive::Member> body;
  decltype(HttpRequest::on_sent) on_sent;
  std::size_t body_limit = 1 << 20;
  decltype(HttpRequest::on_head) on_head;
  decltype(HttpRequest::on_data) on_data;
  // Where set: on_data has had *done of `total` bytes. Another attempt asks for the rest, and fewer are a lost
  // connection.
  const std::int64_t* done = nullptr;
  std::int64_t total = 0;
  bool* no_range = nullptr;  // set: this server gives wrong ranges; from then on the whole is asked for
};

class Origin {
 public:
  // `insecure`: as tls_verify = false, from registries.conf.
  static Result<std::unique_ptr<Origin>> open(const std::string& domain, const ClientOptions& options, bool insecure);
  // A whole answer with status 200 or 206, or any 2xx to what is no GET; after retries, with credentials where they are
  // asked for. Errors of on_head and on_data come back as they are.
  Result<HttpAnswer> get(const Ask& ask);
  // The answer to one try, whatever it is, with credentials where they are asked for. An error: there are none.
  Result<HttpAnswer> once(const Ask& ask);
  [[nodiscard]] const ClientOptions& options() const { return options_; }

 private:
  enum class Scheme : std::uint8_t { kUnknown, kHttps, kHttp };
  Origin(std::string host, const ClientOptions& options, HttpSettings settings, Authenticator::Options auth,
         bool plain_allowed);
  HttpAnswer attempt(const Ask& ask, const std::string& authorization);
  [[nodiscard]] bool own(const std::string& url) const;

  const std::string host_;
  const ClientOptions options_;
  const bool plain_allowed_;
  const bool verify_;
  std::atomic<Scheme> scheme_;
  Http http_;
  Authenticator authenticator_;
};

}  // namespace creel::registry
