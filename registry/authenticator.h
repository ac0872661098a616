// Authorization for one registry host: Basic, or bearer tokens from the service that its challenge names (the
// distribution specification's token authentication, OAuth 2 for identity tokens). Tokens are kept per repository until
// they expire. Thread-safe: one thread fetches a token, the others wait for it. No secret is in any error.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "registry/auth.h"
#include "registry/challenge.h"
#include "registry/http.h"

namespace creel::registry {

class Authenticator {
 public:
  struct Options {
    std::string domain, authfile, creds;
    int retries = 3;
    std::int64_t retry_delay_ms = 0;
    bool plain_realm = false;  // the token service may be asked over plain HTTP (so may the registry)
  };
  Authenticator(Http& http, Options options) : http_(http), options_(std::move(options)) {}

  // The Authorization field for requests about `path`, where one is known; a token about to expire is renewed first.
  std::string current(const std::string& path);
  // After a 401 to a request that carried `used`: another Authorization field, from the answer's challenges. Where
  // another thread has got a newer one meanwhile, that. kDenied where there is none to get.
  Result<std::string> renewed(const std::string& path, const HttpAnswer& refusal, const std::string& used);

 private:
  using Clock = std::chrono::steady_clock;
  struct Grant {
    std::string authorization;
    Challenge challenge;
    Clock::time_point expires = Clock::time_point::max();
  };
  Result<Grant> basic(const std::string& path, const Challenge& challenge, const HttpAnswer& refusal,
                      const std::string& used);
  Result<Grant> token(const std::string& path, const Challenge& challenge);

  Http& http_;
  const Options options_;
  std::mutex mutex_;                     // held while a token is fetched
  std::map<std::string, Grant> grants_;  // by path
};

}  // namespace creel::registry
