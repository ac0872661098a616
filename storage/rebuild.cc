#include "storage/rebuild.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/disk_meter.h"
#include "base/file.h"
#include "base/text.h"
#include "storage/names.h"
#include "storage/record_files.h"
#include "storage/writing.h"

namespace creel::storage {

namespace {

constexpr std::size_t kLargestConfig = 16 << 20;

std::int64_t changed_at(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return 0;
  return info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
}

class Rebuilding {
 public:
  Rebuilding(const Paths& paths, Database& db) : paths_(paths), db_(db) {}

  Result<Rebuilt> run() {
    TRY_SET(Transaction transaction, Transaction::begin(db_, true));
    TRY(layers());
    TRY(images());
    TRY(volumes());
    TRY(containers());
    TRY(transaction.commit());
    return std::move(out_);
  }

 private:
  void lose(const std::string& what, const std::string& why) { out_.lost.push_back(what + ": " + why); }

  // Sorted by the time of their files.
  Result<std::vector<std::string>> digests_in(const std::string& path, const std::string& file) const {
    auto names = list_dir(path);
    if (!names.ok() && names.error().err == ENOENT) return std::vector<std::string>();
    if (!names.ok()) return std::move(names).error();
    std::vector<std::pair<std::int64_t, std::string>> by_time;
    for (const std::string& name : *names) {
      if (is_hex_digest(name)) by_time.emplace_back(changed_at(path + "/" + name + file), name);
    }
    std::sort(by_time.begin(), by_time.end());
    std::vector<std::string> out;
    for (auto& [time, name] : by_time) out.push_back(std::move(name));
    return out;
  }

  Result<void> layers() {
    TRY_SET(const Fd dir, open_file(paths_.layers(), O_RDONLY | O_DIRECTORY));
    TRY_SET(const std::vector<std::string> names, digests_in(paths_.layers(), ""));
    for (const std::string& name : names) {
      TRY_SET(const DiskUse use, DiskMeter().measure(dir.get(), name));
      TRY_SET(const Digest digest, Digest::from_hex(name));
      TRY(insert_layer(db_, {digest, use.content}));
    }
    return {};
  }

  // The younger file has the name that two images claim.
  Result<void> images() {
    TRY_SET(const std::vector<std::string> ids, digests_in(image_files(paths_), ""));
    for (const std::string& id : ids) {
      auto saved = load_image_file(paths_, id);
      if (!saved.ok()) {
        lose("image " + id, saved.error().text);
        continue;
      }
      ImageRecord* image = &saved->record;
      std::string absent;
      for (const Digest& blob : image->blobs) {
        if (!path_exists(paths_.blob(blob.hex()))) absent = "blob " + blob.text() + " is not there";
      }
      for (const Digest& layer : image->diff_ids) {
        if (!path_exists(paths_.layer(layer.hex()))) absent = "layer " + layer.text() + " is not there";
      }
      // A manifest list has none: its ID is nobody's digest.
      const bool list =
          image->diff_ids.empty() && !path_exists(paths_.blob(id)) &&
          std::find(image->blobs.begin(), image->blobs.end(), *Digest::from_hex(id)) == image->blobs.end();
      auto config = list ? Result<std::string>(std::string()) : read_file(paths_.blob(id), kLargestConfig);
      if (!config.ok()) absent = config.error().text;
      if (!absent.empty()) {
        lose("image " + id, absent);
        continue;
      }
      image->config = std::move(*config);
      TRY(insert_image(db_, *image));
      // What an older image had of a name that this one has taken over.
      for (const std::string& name : image->names) TRY(forget_manifest(db_, name));
      for (const auto& [name, manifest] : saved->manifests) {
        const bool has = std::find(image->names.begin(), image->names.end(), name) != image->names.end();
        if (has && path_exists(paths_.blob(manifest.hex()))) TRY(insert_manifest(db_, name, manifest));
      }
      ++out_.images;
    }
    return {};
  }

  Result<void> volumes() {
    TRY_SET(std::vector<std::string> names, list_dir(paths_.volumes()));
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      if (!is_volume_name(name)) continue;
      VolumeRecord volume{name, changed_at(paths_.volume(name)), is_hex_digest(name), "{}", "{}"};
      auto saved = load_volume_file(paths_, name);
      if (saved.ok()) {
        volume = std::move(*saved);
      } else if (saved.error().err != ENOENT) {
        lose("labels and options of volume " + name, saved.error().text);
      }
      TRY(insert_volume(db_, volume, "INSERT OR IGNORE"));
      ++out_.volumes;
    }
    return {};
  }

  // Without a record, garbage collection would take what the container has written.
  Result<void> set_aside(const std::string& id, const std::string& why) {
    const std::string place = paths_.container(id) + ".lost";
    if (rename(paths_.container(id).c_str(), place.c_str()) != 0)
      return errno_error("setting container " + id + " aside");
    lose("container " + id, why + "; its files are in " + place);
    return {};
  }

  Result<void> containers() {
    TRY_SET(const std::vector<std::string> ids, digests_in(paths_.containers(), "/record"));
    for (const std::string& id : ids) {
      auto saved = load_container_file(paths_, id);
      if (!saved.ok()) {
        TRY(set_aside(id, saved.error().text));
        continue;
      }
      auto added = insert_container(db_, saved->record, saved->record.config);
      if (!added.ok()) {
        TRY(set_aside(id, added.error().text));
        continue;
      }
      for (const std::string& volume : saved->volumes) {
        TRY(insert_volume(db_, {volume, saved->record.created_ns, is_hex_digest(volume), "{}", "{}"},
                          "INSERT OR IGNORE"));
        TRY(insert_volume_use(db_, volume, id));
      }
      ++out_.containers;
    }
    return {};
  }

  const Paths& paths_;
  Database& db_;
  Rebuilt out_;
};

void remove_with_log(const std::string& database) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) unlink((database + suffix).c_str());
}

}  // namespace

Result<Rebuilt> rebuild_database(const Paths& paths) {
  auto marker = read_file(paths.marker(), 4096);
  if (!marker.ok()) return std::move(marker).error().within("rebuilding the records of " + paths.store);
  if (*marker != kMarkerText)
    return fail(Code::kInvalid, paths.marker() + " is not the marker of a store of this format");
  TRY_SET(FileLock lock, FileLock::acquire(paths.writer_lock()));
  const std::string fresh = paths.database() + ".new", kept = paths.database() + ".damaged";
  remove_with_log(fresh);
  Rebuilt out;
  {
    TRY_SET(Database db, Database::open(fresh, Database::Mode::kWrite));
    TRY_SET(out, Rebuilding(paths, db).run());
    // All of it in one file, which then is renamed.
    TRY(db.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  for (const char* suffix : {"-wal", "-shm"}) unlink((fresh + suffix).c_str());
  unlink(kept.c_str());
  if (link(paths.database().c_str(), kept.c_str()) != 0 && errno != ENOENT) {
    return errno_error("keeping the old database as " + kept);
  }
  for (const char* suffix : {"-wal", "-shm", "-journal"}) unlink((paths.database() + suffix).c_str());
  if (rename(fresh.c_str(), paths.database().c_str()) != 0) return errno_error("replacing " + paths.database());
  TRY_SET(const Fd dir, open_file(paths.store, O_RDONLY | O_DIRECTORY));
  if (fsync(dir.get()) != 0) return errno_error("writing " + paths.store + " to disk");
  return out;
}

}  // namespace creel::storage
