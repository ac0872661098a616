// One blob on its way into a repository: the distribution specification's uploads, monolithic for what is small, else
// PATCH and PUT, resumed where a connection is lost and in smaller pieces where the whole is too large. One thread.
#pragma once

#include <string>

#include "base/result.h"
#include "registry/origin.h"

namespace creel::registry {

class Upload {
 public:
  // `on_sent`: bytes that have gone out so far; may go back after a lost connection.
  Upload(Origin& origin, std::string path, const oci::Descriptor& blob, const archive::Member& bytes,
         std::function<void(std::int64_t)> on_sent);
  // `location`: of an upload that the registry has begun (instead of a mount); empty: none.
  Result<void> run(std::string location);

 private:
  enum class Step : std::uint8_t { kAgain, kDone, kFailed };
  Step step(HttpAnswer& answer);
  Step begin(HttpAnswer& answer);
  Step send_part(HttpAnswer& answer);
  Step close(HttpAnswer& answer);
  HttpAnswer ask(const char* method, const std::string& url, bool with_digest, std::int64_t size);
  bool moved_to(const HttpAnswer& answer);
  void find_place();
  [[nodiscard]] bool there();

  Origin& origin_;
  const std::string path_;
  const oci::Descriptor& blob_;
  const archive::Member& bytes_;
  const std::function<void(std::int64_t)> on_sent_;
  std::string location_;   // empty: nothing is begun
  std::int64_t done_ = 0;  // bytes that the registry has, as far as it has told
  std::int64_t piece_;     // of one request
  bool resumed_ = false;
};

// The upload's address in an answer, absolute; empty where there is none.
std::string upload_location(const HttpAnswer& answer);

}  // namespace creel::registry
