// Images in motion: registry or archive <-> store. Only creel-images links this. Functions run inside the engine's user
// namespace (rootless::enter() was called before any thread existed).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/image.h"

namespace creel::engine::transfer {

// Told from any thread; cmd/ draws it.
struct Progress {
  virtual ~Progress() = default;
  virtual void message(const std::string& text) = 0;                                        // "Trying to pull …"
  virtual void blob(const std::string& digest, std::int64_t done, std::int64_t total) = 0;  // total -1: unknown
  virtual void blob_done(const std::string& digest, const char* how) = 0;  // "done", "skipped: already exists"
};

struct RegistryOptions {
  std::string authfile, creds, cert_dir;
  std::optional<bool>
      tls_verify;        // absent: yes, but loopback registries and registries.conf's insecure ones may be plain
  std::string platform;  // "os/arch[/variant]"; empty: the host's
  std::string signature_policy;  // a policy.json instead of the usual ones
  int retries = 3;
  std::int64_t retry_delay_ms = 0;  // 0: the client's own
};
// From a registry. Returns the image's ID. Other places: receive.h.
Result<std::string> pull(Engine& engine, const std::string& reference, const RegistryOptions& options,
                         Progress& progress);
// All tags of a repository in its registry: "docker.io/library/busybox" -> "docker.io/library/busybox:1", … kInvalid: a
// tag or digest was given.
Result<std::vector<std::string>> remote_tags(const std::string& reference, const RegistryOptions& options);

struct SignOptions {
  std::string openpgp_key;      // as gpg understands it; empty: none
  std::string sigstore_key;     // a file; empty: none
  std::string passphrase_file;  // of either; its first line
  [[nodiscard]] bool wanted() const { return !openpgp_key.empty() || !sigstore_key.empty(); }
};
struct PushOptions {
  RegistryOptions registry;
  SignOptions sign;                // for registries alone
  std::string format;              // "oci", "v2s2"; empty: as the image is, where the destination holds that
  std::string compression_format;  // "gzip", "zstd": layers that are compressed otherwise are compressed anew
  std::optional<int> compression_level;
  bool compress = false;  // layers that are kept uncompressed are compressed (with gzip where no format is given)
};
// To any location; an empty one is the registry that the image's name tells. Manifest and blobs as they were pulled,
// but for what the options change. What the destination has is not sent again. Returns the manifest's digest. Needs no
// user namespace. kUnsupported names an option that is not built; kInvalid one that makes no sense.
Result<Digest> push(Engine& engine, const std::string& image, const std::string& destination,
                    const PushOptions& options, Progress& progress);
// "NAME[:TAG]" -> all names of that repository in the store, sorted.
Result<std::vector<std::string>> tags_of(Engine& engine, const std::string& name);

// docker-archive and oci-archive and their directories, compressed or not, from a file or a pipe. Names that were
// loaded.
struct Loaded {
  std::vector<std::string> names;  // or IDs ("sha256:…") for images without a name
};
struct LoadOptions {
  std::string signature_policy;  // a policy.json instead of the usual ones
  std::string
      platform;  // "os/arch[/variant]": an image for another is an error; empty: the host's, if there is a choice
};
// `fd` was opened before the user namespace was entered (there, supplementary groups are lost); `path` names it in
// errors.
Result<Loaded> load(Engine& engine, Fd fd, const std::string& path, const LoadOptions& options, Progress& progress);
enum class ArchiveFormat : std::uint8_t { kDockerArchive, kOciArchive, kOciDir, kDockerDir };
struct SaveOptions {
  ArchiveFormat format = ArchiveFormat::kDockerArchive;
  bool compress = false;         // layers that are kept uncompressed are written with gzip (kDockerDir alone)
  std::string platform;          // "os/arch[/variant]": an image for another is an error; empty: any
  std::string signature_policy;  // a policy.json that the images must meet; empty: none
};
// Archives are written to `fd`, directories into it; either stays the caller's, as does deleting what an error left
// there. Needs no user namespace.
Result<void> save(Engine& engine, const std::vector<std::string>& images, const SaveOptions& options, int fd,
                  Progress& progress);
struct ImportOptions {
  std::string reference, message, platform, signature_policy;
  std::vector<std::string> changes;  // Dockerfile instructions: CMD, ENV, …
};
// A root file system's tar, compressed or not, becomes an image of one layer. `fd` as for load; `source` names it.
// Returns the image's ID.
Result<std::string> import(Engine& engine, Fd fd, const std::string& source, const ImportOptions& options,
                           Progress& progress);

}  // namespace creel::engine::transfer
