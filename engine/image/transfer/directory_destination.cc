// oci: and dir: — blobs are files, each of which appears whole; the manifest comes last.
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>

#include "base/file.h"
#include "engine/image/transfer/local_destination.h"
#include "registry/archive/layout_index.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using archive::Member;

namespace {

constexpr const char* kLayoutFile = "oci-layout";
constexpr const char* kIndexFile = "index.json";
constexpr const char* kVersionFile = "version";
constexpr const char* kVersionText = "Directory Transport Version: 1.1\n";
constexpr const char* kManifestFile = "manifest.json";

Error not_ours(const std::string& label, const char* what) {
  return fail(Code::kInvalid, "writing to " + label + ": it holds files, and is no " + what)
      .with_hint("name a new or an empty directory");
}

Result<void> make_directory(int dir, const char* name) {
  if (mkdirat(dir, name, 0777) != 0 && errno != EEXIST) return errno_error(std::string("making directory ") + name);
  return {};
}

class DirectoryDestination : public LocalDestination {
 public:
  DirectoryDestination(Fd dir, Fd blobs) : dir_(std::move(dir)), blobs_(std::move(blobs)) {}

  Result<bool> has(const oci::Descriptor& blob) override {
    struct stat info {};
    return fstatat(blobs_.get(), blob.digest.hex().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
           info.st_size == blob.size;
  }
  Result<void> put(const oci::Descriptor& blob, const Member& bytes, Progress& progress) override {
    TRY_SET(AtomicFile file, AtomicFile::create_at(blobs_.get(), blob.digest.hex()));
    std::int64_t done = 0;
    TRY(archive::copy_member(bytes, file.fd(), [&](std::int64_t more) {
      done += more;
      progress.blob(blob.digest.text(), done, blob.size);
    }));
    TRY(file.commit());
    progress.blob_done(blob.digest.text(), "done");
    return {};
  }

 protected:
  Fd dir_, blobs_;
};

class LayoutDirectory : public DirectoryDestination {
 public:
  using DirectoryDestination::DirectoryDestination;

  Result<void> put_manifest(const Text& text, const std::string& media_type, bool top) override {
    TRY(write_atomic_at(blobs_.get(), text.digest.hex(), text.bytes, 0666));
    if (!top) return {};
    const oci::Descriptor entry{.media_type = media_type, .digest = text.digest, .size = std::ssize(text.bytes)};
    if (names.empty()) entries_.emplace_back(entry, std::string());
    for (const std::string& name : names) entries_.emplace_back(entry, name);
    return {};
  }
  // Two that write to one layout at the same time both get their images in.
  Result<void> finish() override {
    while (flock(dir_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) return errno_error("locking the directory");
    }
    archive::LayoutIndex index;
    TRY_SET(const Fd old, open_if_there(kIndexFile));
    if (old.valid()) {
      TRY_SET(const std::string text, read_all(old.get(), oci::kMaxManifestBytes));
      TRY_SET(index, archive::LayoutIndex::parse(text));
    }
    for (const auto& [entry, name] : entries_) index.add(entry, name);
    auto written = write_atomic_at(dir_.get(), kIndexFile, index.text(), 0666);
    flock(dir_.get(), LOCK_UN);
    return written;
  }

 private:
  Result<Fd> open_if_there(const char* name) {
    auto fd = open_at(dir_.get(), name, O_RDONLY | O_NOFOLLOW);
    if (!fd.ok() && fd.error().err == ENOENT) return Fd();
    return fd;
  }
  std::vector<std::pair<oci::Descriptor, std::string>> entries_;
};

bool is_hex_digest(const std::string& name) {
  return Digest::from_hex(name).ok();
}

class ImageDirectory : public DirectoryDestination {
 public:
  using DirectoryDestination::DirectoryDestination;

  Result<bool> has(const oci::Descriptor& blob) override {
    const std::lock_guard lock(mutex_);
    used_.insert(blob.digest.hex());
    return DirectoryDestination::has(blob);
  }
  Result<void> put(const oci::Descriptor& blob, const Member& bytes, Progress& progress) override {
    {
      const std::lock_guard lock(mutex_);
      used_.insert(blob.digest.hex());
    }
    return DirectoryDestination::put(blob, bytes, progress);
  }
  Result<void> put_manifest(const Text& text, const std::string&, bool top) override {
    if (!top) {
      const std::string name = text.digest.hex() + "." + kManifestFile;
      used_.insert(name);
      return write_atomic_at(dir_.get(), name, text.bytes, 0666);
    }
    top_ = text.bytes;
    return {};
  }
  Result<void> finish() override {
    TRY(write_atomic_at(dir_.get(), kManifestFile, top_, 0666));
    // What an earlier image left, and nothing else.
    TRY_SET(const auto files, list_dir(dir_.get()));
    for (const std::string& name : files) {
      const std::string stem = name.substr(0, name.find('.'));
      const bool is_blob = is_hex_digest(name) || (is_hex_digest(stem) && name == stem + "." + kManifestFile);
      const bool is_signature = name.starts_with("signature-");
      if ((is_blob && !used_.contains(name)) || is_signature) unlinkat(dir_.get(), name.c_str(), 0);
    }
    return {};
  }

 private:
  std::mutex mutex_;
  std::set<std::string> used_;
  std::string top_;
};

}  // namespace

Result<std::unique_ptr<LocalDestination>> layout_directory(Fd dir, const std::string& label) {
  TRY_SET(const auto files, list_dir(dir.get()));
  const bool layout = std::find(files.begin(), files.end(), kLayoutFile) != files.end();
  if (!files.empty() && !layout) return not_ours(label, "OCI layout");
  TRY(make_directory(dir.get(), "blobs"));
  TRY(make_directory(dir.get(), "blobs/sha256"));
  if (!layout) TRY(write_atomic_at(dir.get(), kLayoutFile, R"({"imageLayoutVersion":"1.0.0"})", 0666));
  TRY_SET(Fd blobs, open_beneath(dir.get(), "blobs/sha256", O_RDONLY | O_DIRECTORY));
  return std::unique_ptr<LocalDestination>(std::make_unique<LayoutDirectory>(std::move(dir), std::move(blobs)));
}

Result<std::unique_ptr<LocalDestination>> image_directory(Fd dir, const std::string& label) {
  TRY_SET(const auto files, list_dir(dir.get()));
  if (files.empty()) {
    TRY(write_atomic_at(dir.get(), kVersionFile, kVersionText, 0666));
  } else {
    const auto version = read_file_at(dir.get(), kVersionFile, 4096);
    if (!version.ok() || !version->starts_with("Directory Transport Version: ")) {
      return not_ours(label, "directory of an image");
    }
  }
  TRY_SET(Fd blobs, open_at(dir.get(), ".", O_RDONLY | O_DIRECTORY));
  return std::unique_ptr<LocalDestination>(std::make_unique<ImageDirectory>(std::move(dir), std::move(blobs)));
}

}  // namespace creel::engine::transfer
