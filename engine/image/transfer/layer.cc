#include "engine/image/transfer/layer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>
#include <thread>

#include "base/file.h"
#include "engine/image/transfer/growing_file.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace unpack = storage::unpack;

namespace {

Error mismatch(const LayerJob& job, const std::string& why) {
  return fail(Code::kInvalid, "layer " + job.blob.digest.text() + ": " + why);
}

Result<void> check_blob(const LayerJob& job, const Digest& digest, std::int64_t size) {
  if (size != job.blob.size) {
    return mismatch(job, "size mismatch: " + std::to_string(size) + " bytes came, the manifest says " +
                             std::to_string(job.blob.size));
  }
  if (digest != job.blob.digest) return mismatch(job, "digest mismatch: the bytes that came have " + digest.text());
  return {};
}

Result<void> check_tree(const LayerJob& job, const Digest& diff_id) {
  if (diff_id == job.diff_id) return {};
  return mismatch(job, "digest mismatch: it unpacks to " + diff_id.text() + ", the image's configuration says " +
                           job.diff_id.text());
}

Result<Fd> make_tree(int staging, const std::string& name) {
  if (mkdirat(staging, name.c_str(), 0755) != 0) return errno_error("making directory " + name);
  return open_at(staging, name, O_RDONLY | O_DIRECTORY);
}

// The digest of the first `size` bytes of a file.
Result<Digest> digest_of(int fd, std::int64_t size) {
  unpack::Sha256 hash;
  std::string buffer(256 << 10, '\0');
  for (std::int64_t at = 0; at < size;) {
    const ssize_t got = pread(fd, buffer.data(), buffer.size(), at);
    if (got <= 0) return errno_error("reading back what was fetched");
    hash.update({buffer.data(), static_cast<std::size_t>(got)});
    at += got;
  }
  return hash.finish();
}

Result<LayerDone> fetch_blob(int staging, const LayerJob& job, BlobSource& source, Progress& progress) {
  TRY_SET(Fd file, open_at(staging, job.blob_name, O_RDWR | O_CREAT | O_EXCL, 0644));
  GrowingFile out(std::move(file), job.blob.size);
  unpack::Sha256 hash;
  const auto keep = [&](std::string_view bytes) -> Result<void> {
    auto kept = out.append(bytes);
    if (!kept.ok()) return std::move(kept).error().within("layer " + job.blob.digest.text());
    hash.update(bytes);
    progress.blob(job.blob.digest.text(), out.written(), job.blob.size);
    return {};
  };
  TRY(source.fetch(job.blob, keep));
  TRY(check_blob(job, hash.finish(), out.written()));
  return LayerDone{.blob = true};
}

Result<LayerDone> unpack_kept(int staging, const LayerJob& job) {
  TRY_SET(const Fd tree, make_tree(staging, job.tree_name));
  auto unpacked = unpack::unpack_file(job.kept.get(), tree.get(), {.user_xattr = job.user_xattr});
  if (!unpacked.ok()) return std::move(unpacked).error().within("layer " + job.blob.digest.text());
  TRY(check_tree(job, unpacked->diff_id));
  return LayerDone{.tree = true, .tree_size = unpacked->tree_size};
}

// Fetches in a thread of its own and unpacks in this one, at the same time.
Result<LayerDone> fetch_and_unpack(int staging, const LayerJob& job, BlobSource& source, Progress& progress) {
  TRY_SET(Fd file, open_at(staging, job.blob_name, O_RDWR | O_CREAT | O_EXCL, 0644));
  TRY_SET(const Fd tree, make_tree(staging, job.tree_name));
  GrowingFile between(std::move(file), job.blob.size);
  Result<void> fetched;
  const auto fetch = [&] {
    fetched = source.fetch(job.blob, [&](std::string_view bytes) -> Result<void> {
      auto kept = between.append(bytes);
      if (!kept.ok()) return std::move(kept).error().within("layer " + job.blob.digest.text());
      progress.blob(job.blob.digest.text(), between.written(), job.blob.size);
      return {};
    });
    between.finish(fetched);
  };
  std::thread fetcher;
  try {
    fetcher = std::thread(fetch);
  } catch (const std::system_error& error) {
    return errno_error("starting a thread", error.code().value());
  }
  auto unpacked = unpack::unpack_layer([&] { return between.next(); }, tree.get(), {.user_xattr = job.user_xattr});
  if (!unpacked.ok()) between.abandon();
  fetcher.join();
  if (!unpacked.ok()) {
    // The first cause is told: a fetch that failed by itself, then bytes that are not what they should be.
    if (!fetched.ok() && !between.stopped()) return std::move(fetched).error();
    if (fetched.ok() && between.written() == job.blob.size) {
      TRY_SET(const Digest digest, digest_of(between.fd(), job.blob.size));
      TRY(check_blob(job, digest, job.blob.size));
    }
    return std::move(unpacked).error().within("layer " + job.blob.digest.text());
  }
  TRY(std::move(fetched));
  TRY(check_blob(job, unpacked->blob, unpacked->blob_size));
  TRY(check_tree(job, unpacked->diff_id));
  return LayerDone{.blob = true, .tree = true, .tree_size = unpacked->tree_size};
}

}  // namespace

Result<LayerDone> move_layer(int staging, const LayerJob& job, BlobSource& source, Progress& progress) {
  if (!job.need_blob) return unpack_kept(staging, job);
  if (!job.need_tree) return fetch_blob(staging, job, source, progress);
  return fetch_and_unpack(staging, job, source, progress);
}

}  // namespace creel::engine::transfer
