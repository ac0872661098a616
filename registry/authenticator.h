// Authorization for one registry host: Basic, or bearer tokens from the service that its challenge names (the
// distribution specification's token authentication, OAuth 2 for identity tokens). Tokens are kept per scope until they
// expire. Thread-safe: one thread fetches a token, the others wait for it. No secret is in any error.
#pragma once

#include <chrono>
#include <compare>
#include <map>
#include <mutex>
#include <string>

#include "registry/auth.h"
#include "registry/challenge.h"
#include "registry/http.h"

namespace creel::registry {

// What a request may do: pull from a repository, push to it, pull from another to mount blobs of that one.
struct Scope {
  std::string path;  // empty: what belongs to no repository (the catalog, a login)
  bool push = false;
  std::string from;
  auto operator<=>(const Scope&) const = default;
};

class Authenticator {
 public:
  struct Options {
    std::string domain, authfile, creds;
    int retries = 3;
    std::int64_t retry_delay_ms = 0;
    bool plain_realm = false;  // the token service may be asked over plain HTTP (so may the registry)
  };
  Authenticator(Http& http, Options options) : http_(http), options_(std::move(options)) {}

  // The Authorization field for requests of that scope, where one is known; a token about to expire is renewed first.
  std::string current(const Scope& scope);
  // After a 401 to a request that carried `used`: another Authorization field, from the answer's challenges. Where
  // another thread has got a newer one meanwhile, that. kDenied where there is none to get.
  Result<std::string> renewed(const Scope& scope, const HttpAnswer& refusal, const std::string& used);

 private:
  using Clock = std::chrono::steady_clock;
  struct Grant {
    std::string authorization;
    Challenge challenge;
    Clock::time_point expires = Clock::time_point::max();
  };
  Result<Grant> basic(const Scope& scope, const Challenge& challenge, const HttpAnswer& refusal,
                      const std::string& used);
  Result<Grant> token(const Scope& scope, const Challenge& challenge);

  Http& http_;
  const Options options_;
  std::mutex mutex_;  // held while a token is fetched
  std::map<Scope, Grant> grants_;
};

}  // namespace creel::registry
