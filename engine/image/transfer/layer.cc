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

struct BlobFile {
  Fd file;
  std::int64_t size = 0;  // what is there already
};

Result<BlobFile> open_blob(int staging, const LayerJob& job) {
  BlobFile out;
  if (job.partial < 0) {
    TRY_SET(out.file, open_at(staging, job.blob_name, O_RDWR | O_CREAT | O_EXCL, 0644));
    return out;
  }
  TRY_SET(out.file, open_at(job.partial, job.partial_name, O_RDWR | O_CREAT | O_NOFOLLOW, 0644));
  struct stat info {};
  if (fstat(out.file.get(), &info) != 0) return errno_error("reading " + job.partial_name);
  out.size = info.st_size;
  if (out.size > job.blob.size) {
    if (ftruncate(out.file.get(), 0) != 0) return errno_error("emptying " + job.partial_name);
    out.size = 0;
  }
  if (lseek(out.file.get(), 0, SEEK_END) < 0) return errno_error("reading " + job.partial_name);
  return out;
}

Result<void> fetch(const LayerJob& job, std::int64_t from, BlobSource& source, const Sink& sink) {
  return job.partial < 0 ? source.fetch(job.blob, sink) : source.fetch_from(job.blob, from, sink);
}

Result<LayerDone> fetch_blob(BlobFile blob, const LayerJob& job, BlobSource& source, Progress& progress) {
  const std::int64_t from = blob.size;
  GrowingFile out(std::move(blob.file), job.blob.size, from);
  const auto keep = [&](std::string_view bytes) -> Result<void> {
    auto kept = out.append(bytes);
    if (!kept.ok()) return std::move(kept).error().within("layer " + job.blob.digest.text());
    progress.blob(job.blob.digest.text(), out.written(), job.blob.size);
    return {};
  };
  TRY(fetch(job, from, source, keep));
  TRY_SET(const Digest digest, digest_of(out.fd(), out.written()));
  TRY(check_blob(job, digest, out.written()));
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
Result<LayerDone> fetch_and_unpack(int staging, BlobFile blob, const LayerJob& job, BlobSource& source,
                                   Progress& progress) {
  TRY_SET(const Fd tree, make_tree(staging, job.tree_name));
  const std::int64_t from = blob.size;
  GrowingFile between(std::move(blob.file), job.blob.size, from);
  Result<void> fetched;
  const auto fetching = [&] {
    fetched = fetch(job, from, source, [&](std::string_view bytes) -> Result<void> {
      auto kept = between.append(bytes);
      if (!kept.ok()) return std::move(kept).error().within("layer " + job.blob.digest.text());
      progress.blob(job.blob.digest.text(), between.written(), job.blob.size);
      return {};
    });
    between.finish(fetched);
  };
  std::thread fetcher;
  try {
    fetcher = std::thread(fetching);
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

Result<LayerDone> try_to_fetch(int staging, BlobFile blob, const LayerJob& job, BlobSource& source,
                               Progress& progress) {
  if (!job.need_tree) return fetch_blob(std::move(blob), job, source, progress);
  return fetch_and_unpack(staging, std::move(blob), job, source, progress);
}

// A source that could not be reached (any more) says nothing against what it has given.
bool worth_keeping(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDenied || error.code == Code::kNotFound;
}

}  // namespace

Result<LayerDone> move_layer(int staging, const LayerJob& job, BlobSource& source, Progress& progress) {
  if (!job.need_blob) return unpack_kept(staging, job);
  TRY_SET(BlobFile blob, open_blob(staging, job));
  const std::int64_t from = blob.size;
  auto done = try_to_fetch(staging, std::move(blob), job, source, progress);
  if (done.ok() || job.partial < 0 || worth_keeping(done.error())) return done;
  unlinkat(job.partial, job.partial_name.c_str(), 0);
  // After a power cut, what is found may not be what was written.
  if (from == 0 || done.error().code != Code::kInvalid) return done;
  TRY(remove_tree_at(staging, job.tree_name));
  TRY_SET(blob, open_blob(staging, job));
  done = try_to_fetch(staging, std::move(blob), job, source, progress);
  if (!done.ok() && !worth_keeping(done.error())) unlinkat(job.partial, job.partial_name.c_str(), 0);
  return done;
}

}  // namespace creel::engine::transfer
