#include "storage/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "storage/database.h"
#include "storage/names.h"
#include "storage/reserve.h"
#include "storage/writing.h"

namespace creel::storage {

namespace {

// Whether the directory is a store of ours; false: there is no marker.
Result<bool> check_marker(const Paths& paths) {
  auto text = read_file(paths.marker(), 4096);
  if (!text.ok()) {
    if (text.error().err == ENOENT || text.error().err == ENOTDIR) return false;
    return std::move(text).error();
  }
  constexpr std::string_view kStart = "creel store, format ";
  std::int64_t version = 0;
  if (text->starts_with(kStart)) {
    auto number = parse_int(trim(std::string_view(*text).substr(kStart.size())), "store format");
    if (number.ok()) version = *number;
  }
  if (version < 1) return fail(Code::kInvalid, paths.marker() + " is not the marker of a store");
  if (version > kFormatVersion) {
    return fail(Code::kInvalid, "the store " + paths.store + " has format " + std::to_string(version) +
                                    ", this version of Creel knows " + std::to_string(kFormatVersion))
        .with_hint("use the newer Creel that wrote it");
  }
  return true;
}

// Without a marker, anything else than our own half-made store is somebody's directory: nothing is written there.
Result<void> refuse_foreign(const Paths& paths) {
  auto names = list_dir(paths.store);
  if (!names.ok()) return names.error().err == ENOENT ? Result<void>() : Result<void>(std::move(names).error());
  for (const std::string& name : *names) {
    // Of one whose maker was killed, or the marker of one that another process has made in this moment.
    if (is_top_name(name)) continue;
    return fail(Code::kInvalid, paths.store + " holds '" + name + "' and is not a store of Creel")
        .with_hint("give an empty directory with --root");
  }
  return {};
}

Result<void> make_store(const Paths& paths) {
  TRY(refuse_foreign(paths));
  TRY(make_dirs(paths.store, 0700));
  // Two first commands at once: one makes it, the other finds it made.
  TRY_SET(FileLock lock, FileLock::acquire(paths.writer_lock()));
  TRY_SET(const bool made, check_marker(paths));
  if (made) return {};
  for (const std::string& dir :
       {paths.blobs(), paths.layers(), paths.staging(), image_files(paths), paths.containers(), paths.volumes()}) {
    TRY(make_dirs(dir, 0755));
  }
  TRY(Database::open(paths.database(), Database::Mode::kWrite));
  // Of makers that were killed; the lock says that none lives.
  TRY_SET(Fd dir, open_file(paths.store, O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
  for (const std::string& name : names) {
    if (name.starts_with(std::string(kMarkerName) + ".tmp.")) unlinkat(dir.get(), name.c_str(), 0);
  }
  keep_reserve(paths);
  // The marker promises that all the rest is there, so it comes last, also on disk. The write below syncs `dir` itself.
  TRY_SET(Fd blobs, open_at(dir.get(), "blobs", O_RDONLY | O_DIRECTORY));
  if (fsync(blobs.get()) != 0 || fsync(dir.get()) != 0) return errno_error("writing the new store to disk");
  return write_atomic(paths.marker(), kMarkerText, 0644, Durability::kSynced);
}

}  // namespace

std::string join_hex(const std::vector<Digest>& digests) {
  std::string out;
  for (const Digest& digest : digests) {
    if (!out.empty()) out += ' ';
    out += digest.hex();
  }
  return out;
}

Result<std::vector<Digest>> split_hex(const std::string& text) {
  std::vector<Digest> out;
  if (text.empty()) return out;
  for (const std::string& hex : split(text, ' ')) {
    TRY_SET(Digest digest, Digest::from_hex(hex));
    out.push_back(std::move(digest));
  }
  return out;
}

Store::Store(Paths paths) : paths_(std::move(paths)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const Paths& paths, Access access) {
  std::unique_ptr<Store> store(new Store(paths));
  TRY_SET(const bool made, check_marker(paths));
  if (made) TRY(store->open_database());
  if (access == Access::kWrite) TRY(store->make_writable());
  return store;
}

Result<void> Store::open_database() {
  TRY_SET(Database db, Database::open(paths_.database(), Database::Mode::kRead));
  db_ = std::make_unique<Database>(std::move(db));
  return {};
}

Result<void> Store::make_writable() {
  if (writable_) return {};
  if (db_ == nullptr) {
    TRY(make_store(paths_));
    TRY(open_database());
  }
  writable_ = true;
  return {};
}

Result<Store::Writing> Store::write(bool durable) {
  TRY(make_writable());
  TRY_SET(FileLock lock, FileLock::acquire(paths_.writer_lock()));
  TRY_SET(Transaction transaction, Transaction::begin(*db_, durable));
  return Writing{std::move(lock), std::move(transaction)};
}

}  // namespace creel::storage
