#include "engine/image/transfer/outgoing.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "engine/image/transfer/local_source.h"
#include "registry/archive/recompress.h"
#include "storage/pack/gzip_blocks.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using archive::Member;
using storage::ImageRecord;
using storage::Store;

namespace {

constexpr std::size_t kManifestLimit = oci::kMaxManifestBytes;

// What a media type says of a layer.
enum class Packing { kPlain, kGzip, kZstd };

Packing packing_of(const std::string& media_type) {
  if (media_type.ends_with("gzip")) return Packing::kGzip;
  return media_type.ends_with("zstd") ? Packing::kZstd : Packing::kPlain;
}

std::string layer_type(Packing packing, bool docker) {
  switch (packing) {
    case Packing::kGzip:
      return docker ? oci::kDockerLayerGzip : oci::kOciLayerGzip;
    case Packing::kZstd:
      return oci::kOciLayerZstd;  // Docker's formats have none
    case Packing::kPlain:
      break;
  }
  return docker ? oci::kDockerLayer : oci::kOciLayer;
}

Result<Member> blob(const Store& store, const Digest& digest) {
  TRY_SET(Fd fd, store.open_blob(digest));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return errno_error("reading blob " + digest.text());
  return Member{std::make_shared<const Fd>(std::move(fd)), 0, info.st_size};
}

// With all cores where that serves; else at the level that is wanted.
Result<void> compress(const archive::Source& source, const archive::Sink& sink, Packing wanted,
                      const std::optional<int>& level) {
  if (wanted == Packing::kZstd) return archive::recompress(source, sink, archive::Compressor::kZstd, level);
  if (level) return archive::recompress(source, sink, archive::Compressor::kGzip, level);
  storage::pack::GzipBlocks blocks(sink);
  TRY(archive::decompress(source, [&](std::string_view bytes) { return blocks.append(bytes); }));
  TRY(blocks.finish());
  return {};
}

// The layer packed anew, and its descriptor.
Result<void> repack(Engine& engine, oci::Descriptor& layer, Member& member, Packing wanted,
                    const std::optional<int>& level) {
  TRY_SET(Fd file, scratch_file(engine));
  storage::unpack::Sha256 hash;
  std::int64_t size = 0;
  const auto keep = [&](std::string_view bytes) {
    hash.update(bytes);
    size += std::ssize(bytes);
    return write_all(file.get(), bytes);
  };
  auto done = compress(archive::source_of(member), keep, wanted, level);
  if (!done.ok()) return std::move(done).error().within("compressing blob " + layer.digest.text());
  member = Member{std::make_shared<const Fd>(std::move(file)), 0, size};
  layer.digest = hash.finish();
  layer.size = size;
  return {};
}

// The manifest's type that the options and the destination want; the image's own where both allow it.
Result<std::string> type_for(const PushOptions& options, const std::string& own, const ImageDestination& destination) {
  if (options.format == "v2s1") {
    return fail(Code::kUnsupported, "--format v2s1: Docker's schema 1 is not supported")
        .with_hint("v2s2 is understood by every registry since 2016");
  }
  std::string type = options.format == "oci" ? oci::kOciManifest : options.format.empty() ? own : oci::kDockerManifest;
  if (options.compression_format == "zstd" && type == oci::kDockerManifest) {
    if (!options.format.empty()) {
      return fail(Code::kInvalid, "--compression-format zstd: Docker's manifests know no zstd")
          .with_hint("--format oci does");
    }
    type = oci::kOciManifest;
  }
  if (destination.takes(type)) return type;
  if (!options.format.empty())
    return fail(Code::kInvalid, "--format " + options.format + ": the destination holds no such manifest");
  for (const char* other : {oci::kOciManifest, oci::kDockerManifest}) {
    if (destination.takes(other)) return std::string(other);
  }
  return fail(Code::kUnsupported, "the destination holds no manifest of type " + type);
}

Packing wanted_packing(const PushOptions& options, Packing now, bool docker) {
  if (options.compression_format == "gzip") return Packing::kGzip;
  if (options.compression_format == "zstd") return Packing::kZstd;
  if (docker && now == Packing::kZstd) return Packing::kGzip;
  return options.compress && now == Packing::kPlain ? Packing::kGzip : now;
}

}  // namespace

Result<Outgoing> prepare(Engine& engine, const ImageRecord& image, const PushOptions& options,
                         const ImageDestination& destination) {
  TRY_SET(Store * store, engine.store());
  TRY_SET(const Fd file, store->open_blob(image.manifest));
  TRY_SET(std::string text, read_all(file.get(), kManifestLimit));
  return prepare(
      engine, {std::move(text), image.manifest}, [&](const oci::Descriptor& one) { return blob(*store, one.digest); },
      options, destination);
}

Result<Outgoing> prepare(Engine& engine, Text manifest_text, const BlobFinder& find, const PushOptions& options,
                         const ImageDestination& destination) {
  Outgoing out;
  out.manifest = std::move(manifest_text);
  TRY_SET(const oci::Manifest manifest, oci::parse_manifest(out.manifest.bytes, {}));
  TRY_SET(out.media_type, type_for(options, manifest.media_type, destination));
  const bool docker = out.media_type == oci::kDockerManifest;
  const auto wanted = [&](const oci::Descriptor& layer) {
    return wanted_packing(options, packing_of(layer.media_type), docker);
  };
  const bool changed = out.media_type != manifest.media_type ||
                       std::any_of(manifest.layers.begin(), manifest.layers.end(), [&](const oci::Descriptor& layer) {
                         return wanted(layer) != packing_of(layer.media_type);
                       });
  std::set<Digest> parts;
  std::map<Digest, oci::Descriptor> sent;  // by what they are in the store
  std::vector<oci::Descriptor> layers;
  for (const oci::Descriptor& layer : manifest.layers) {
    const auto [known, fresh] = sent.emplace(layer.digest, layer);
    if (fresh) {
      TRY_SET(Member member, find(layer));
      const Packing packing = wanted(layer);
      if (packing != packing_of(layer.media_type)) {
        TRY(repack(engine, known->second, member, packing, options.compression_level));
      }
      if (changed) known->second.media_type = layer_type(packing, docker);
      if (changed && docker) known->second.annotations.clear();
      if (parts.insert(known->second.digest).second) out.parts.push_back({known->second, std::move(member), false});
    }
    layers.push_back(known->second);
  }
  oci::Descriptor config = manifest.config;
  TRY_SET(Member member, find(config));
  if (changed) config.media_type = docker ? oci::kDockerConfig : oci::kOciConfig;
  out.parts.push_back({config, std::move(member), true});
  if (!changed) return out;
  // Docker's manifests have no annotations.
  const std::map<std::string, std::string> none;
  out.manifest = text_blob(oci::make_manifest(config, layers, docker, docker ? none : manifest.annotations));
  return out;
}

}  // namespace creel::engine::transfer
