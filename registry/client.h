// One registry, spoken to as the OCI distribution specification (v2 API) says. libcurl (HTTP/2, keep-alive), OpenSSL.
//
// Thread-safety: one Client may be used from several threads at once; connections are pooled, one per transfer.
// Everything that comes back is hostile: sizes are bounded, digests verified, redirects drop credentials for other
// hosts. Errors, each naming the registry and what was asked: kNotFound (404), kDenied (401, 403, with the cure "creel
// login" where no credentials were found), kUnavailable (unreachable, refused, TLS, 429 with its limit, 5xx after
// retries, truncated), kInvalid (what came is not what its digest says, is no manifest).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "registry/archive/file_set.h"
#include "registry/oci/manifest.h"
#include "registry/oci/referrers.h"

namespace creel::registry {

struct ClientOptions {
  std::string authfile, creds, cert_dir;
  std::optional<bool> tls_verify;   // absent: verify; plain HTTP is tried for loopback registries alone (and where
                                    // registries.conf says insecure). false: no verification, plain HTTP as fallback
  int retries = 3;                  // of what may succeed later: 429 (Retry-After honoured), 5xx, a lost connection
  std::int64_t retry_delay_ms = 0;  // between them; 0: grows from 500 ms
  int connect_timeout_s = 15;
  int stall_timeout_s = 60;  // a connection on which nothing comes is lost
};

struct FetchedManifest {
  std::string text;        // the bytes, verified
  std::string media_type;  // Content-Type without parameters
  Digest digest;           // SHA-256 of text; equal to Docker-Content-Digest and to the digest asked for
};

struct Found {
  std::string name;  // without the registry
  std::string description;
  std::int64_t stars = 0;
  bool official = false, automated = false;
};

class Client {
 public:
  // `domain`: "docker.io" (spoken to as registry-1.docker.io), "host[:port]" (IPv6 in brackets). Nothing is sent yet.
  // Where registries.conf names mirrors or another location, those are asked. kInvalid: a malformed domain or
  // registries.conf.
  static Result<std::unique_ptr<Client>> open(const std::string& domain, const ClientOptions& options);
  ~Client();

  // `reference`: a tag, or "sha256:…". At most oci::kMaxManifestBytes.
  Result<FetchedManifest> manifest(const std::string& path, const std::string& reference);

  // GET of a blob. `sink` gets the bytes in order on the calling thread; its error ends the transfer and is returned. A
  // lost connection is resumed with a Range request where the server allows it (the sink never sees a byte twice).
  // Checks descriptor.size and, by hashing what went to the sink, descriptor.digest: kInvalid, after the bytes were
  // delivered. `skip_hash`: the caller hashes by itself, and has the first `from` bytes already.
  using Sink = std::function<Result<void>(std::string_view bytes)>;
  Result<void> blob(const std::string& path, const oci::Descriptor& descriptor, const Sink& sink,
                    bool skip_hash = false, std::int64_t from = 0);

  // What refers to the manifest or index `subject`, at most oci::kMaxReferrers: by the referrers API, where the
  // registry lacks that by the tag that stands in for it. Empty where nothing does, or where there is no such image.
  Result<std::vector<oci::Referrer>> referrers(const std::string& path, const Digest& subject);
  // All tags of a repository, in the registry's order.
  Result<std::vector<std::string>> tags(const std::string& path);
  // What has `term` in its name, at most `limit`: by /v1/search, where the registry lacks that by its catalog.
  Result<std::vector<Found>> search(const std::string& term, std::int64_t limit);
  // kDenied where the credentials are not accepted.
  Result<void> check_login();

  // --- towards the registry itself, never its mirrors
  Result<bool> has_blob(const std::string& path, const Digest& digest);
  // Takes the blob over from repository `from` of the same registry. False: the registry would rather have its bytes.
  Result<bool> mount(const std::string& path, const Digest& digest, const std::string& from);
  // `bytes` are the descriptor's. A lost connection is resumed where the registry allows it.
  Result<void> upload(const std::string& path, const oci::Descriptor& descriptor, const archive::Member& bytes,
                      const std::function<void(std::int64_t sent)>& on_sent);
  // kInvalid where the registry made another digest of it. Where the manifest has a subject and the registry does not
  // keep account of that, the index that stands in for it gets one more entry.
  Result<void> put_manifest(const std::string& path, const std::string& reference, const std::string& text,
                            const std::string& media_type);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  Result<void> refer(const std::string& path, const oci::Descriptor& subject, const oci::Referrer& referrer);
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::registry
