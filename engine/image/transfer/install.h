// What pull and load have in common: an image whose manifest and config are known and whose layers can be fetched goes
// into the store. Other processes may be fetching the same layers at the same time; each is moved once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/transfer/transfer.h"
#include "registry/oci/manifest.h"
#include "storage/store.h"

namespace creel::engine::transfer {

using Sink = std::function<Result<void>(std::string_view bytes)>;

// Where layers come from. fetch() is called from several threads at once, and need not verify anything.
struct BlobSource {
  virtual ~BlobSource() = default;
  // Gives all bytes of the blob to `sink`, in order, on the calling thread.
  virtual Result<void> fetch(const registry::oci::Descriptor& blob, const Sink& sink) = 0;
  // Whether what is fetched is worth keeping when the rest fails: fetch_from() can go on there.
  [[nodiscard]] virtual bool resumable() const { return false; }
  // The same without the first `from` bytes. For resumable sources alone.
  virtual Result<void> fetch_from(const registry::oci::Descriptor& blob, std::int64_t from, const Sink& sink);
};

struct Text {
  std::string bytes;
  Digest digest;  // of bytes, computed by us
};
Text text_blob(std::string bytes);

struct Incoming {
  registry::oci::Manifest manifest;  // parsed from manifest_text
  Text manifest_text;
  Text config;
  Text index;  // that it was found through; empty: none
  // For the record: "docker.io/library/busybox:latest", "docker.io/library/busybox@sha256:…".
  std::vector<std::string> names, digests;
};

// A layer that is already whole and verified in a staging directory.
struct Arrived {
  storage::Staging staging;
  std::string blob_name, tree_name;
  Digest blob;
  std::int64_t tree_size = 0;
};

// Waits for other processes that move the same blobs, moves what is missing (layers side by side, each unpacked while
// it arrives), verifies every digest, then records the image, durably. Returns its ID (hex). Errors: kInvalid for what
// is not what its digest says; kFailed with the space that is needed where the disk is too small. What was complete
// stays in the store, unnamed; the rest vanishes.
Result<std::string> install(Engine& engine, const Incoming& image, BlobSource& source, Progress& progress,
                            std::optional<Arrived> arrived = {});

}  // namespace creel::engine::transfer
