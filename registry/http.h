// HTTP(S) requests over libcurl: connections kept alive in a pool, HTTP/2 over TLS, proxies from the environment
// (never for loopback).
// Thread-safety: one Http may be used from several threads at once; each request has a connection of its own.
//
// Redirects are followed here and not by libcurl: Authorization goes to the host that was asked and to no other (port
// and scheme count), the client certificate likewise, and nothing goes from HTTPS to HTTP while certificates are
// verified.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "registry/archive/file_set.h"
#include "registry/tls_files.h"

namespace creel::registry {

struct HttpSettings {
  std::string own_host;  // "host[:port]" that may see the client certificate
  TlsFiles tls;
  bool verify = true;  // certificates
  bool proxy = true;   // false: never, whatever the environment says (loopback)
  int connect_timeout_s = 15;
  int stall_timeout_s = 60;  // without a byte
};

struct HttpHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  // The first of that name (lower case), or empty.
  [[nodiscard]] std::string field(std::string_view name) const;
};

struct HttpRequest {
  std::string url;
  std::string method;         // empty: GET, or POST where there is `text`
  std::string authorization;  // "Bearer …", "Basic …" or empty
  std::string accept;
  std::optional<std::string> text;      // a body; without a content type it is application/x-www-form-urlencoded
  std::optional<archive::Member> body;  // a body from a file
  std::function<void(std::int64_t sent)> on_sent;  // of `body`, as it goes
  std::string content_type, content_range;         // of text or body
  bool stays = false;                              // redirects are not followed
  std::int64_t offset = 0;                         // a Range from there on, where not 0
  std::size_t body_limit = 1 << 20;                // bytes of a body that is collected
  // Where set, the body of a 200 or 206 goes to `on_data` instead; `on_head` is asked first. Their error ends the
  // request.
  std::function<Result<void>(const HttpHead&)> on_head;
  std::function<Result<void>(std::string_view)> on_data;
};

struct HttpAnswer {
  enum class Kind : std::uint8_t {
    kAnswered,     // head and body are whole
    kUnreachable,  // no such host, refused, no connection in time
    kHandshake,    // it does not speak TLS as we do, perhaps not at all
    kTls,          // its certificate or ours is not accepted
    kLost,         // the connection broke
    kStalled,      // nothing came for too long
    kStopped,      // by on_head or on_data: `error` is theirs
    kInvalid,      // no HTTP, too many redirects, too large
  };
  Kind kind = Kind::kInvalid;
  HttpHead head;     // of the last hop; status 0 where none came
  std::string url;   // of the last hop
  std::string body;  // of errors too, cut at 64 KiB there
  Error error;       // where not kAnswered
};

class Http {
 public:
  explicit Http(HttpSettings settings);
  ~Http();
  HttpAnswer perform(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::registry
