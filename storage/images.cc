// Store: image records.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/file.h"
#include "storage/database.h"
#include "storage/name_manifests.h"
#include "storage/names.h"
#include "storage/record_files.h"
#include "storage/reserve.h"
#include "storage/store.h"
#include "storage/writing.h"

namespace creel::storage {

namespace {

constexpr const char* kColumns = "SELECT id, manifest, config, diff_ids, blobs, created, size FROM images ";

Result<ImageRecord> read_row(const Statement& row) {
  ImageRecord image;
  image.id = row.text(0);
  TRY_SET(image.manifest, Digest::parse(row.text(1)));
  image.config = row.text(2);
  TRY_SET(image.diff_ids, split_hex(row.text(3)));
  TRY_SET(image.blobs, split_hex(row.text(4)));
  image.created_ns = row.number(5);
  image.size = row.number(6);
  return image;
}

bool is_hex(const std::string& text) {
  for (char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

template <typename T>
void add_once(std::vector<T>& all, T one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
}

// Everything put_image names must be on disk before the record is.
Result<void> sync_store(const std::string& path) {
  TRY_SET(Fd dir, open_file(path, O_RDONLY | O_DIRECTORY));
  if (syncfs(dir.get()) != 0) return errno_error("writing the store to disk (syncfs " + path + ")");
  return {};
}

// Adds the names that the records have for it.
Result<void> fill_names_of(Database& db, ImageRecord& image) {
  TRY_SET(Statement names, db.prepare("SELECT name FROM image_names WHERE image=? ORDER BY name"));
  names.bind(image.id);
  for (;;) {
    TRY_SET(const bool row, names.step());
    if (!row) break;
    add_once(image.names, names.text(0));
  }
  TRY_SET(Statement digests, db.prepare("SELECT name FROM image_digests WHERE image=? ORDER BY name"));
  digests.bind(image.id);
  for (;;) {
    TRY_SET(const bool row, digests.step());
    if (!row) break;
    add_once(image.digests, digests.text(0));
  }
  return {};
}

// In a transaction that has changed the image's names. The image that a name was taken from keeps it in its own file:
// the younger file counts.
Result<void> refresh_image_file(Database& db, const Paths& paths, const std::string& id) {
  TRY_SET(Statement rows, db.prepare(std::string(kColumns) + "WHERE id=?"));
  rows.bind(id);
  TRY_SET(const bool row, rows.step());
  if (!row) return {};
  TRY_SET(ImageRecord image, read_row(rows));
  TRY(fill_names_of(db, image));
  TRY_SET(const NameManifests manifests, manifests_of_names(db, id));
  return save_image_file(paths, image, manifests);
}

// Names that the image has and `image` does not bring again keep the manifest that they have, and what it names.
// The caller of put_image holds the configuration's transfer lock: nobody else puts this image meanwhile.
Result<std::vector<std::string>> keep_other_names(Store& store, ImageRecord& image) {
  TRY_SET(const auto known, store.image_by_id(image.id));
  std::vector<std::string> others;
  if (!known || known->config.empty()) return others;
  for (const std::string& name : known->names) {
    if (std::find(image.names.begin(), image.names.end(), name) == image.names.end()) others.push_back(name);
  }
  if (others.empty()) return others;
  for (const Digest& blob : known->blobs) {
    if (store.has_blob(blob)) add_once(image.blobs, blob);
  }
  if (known->manifest == image.manifest) others.clear();
  return others;
}

}  // namespace

Result<void> insert_image(Database& db, const ImageRecord& image) {
  {
    TRY_SET(
        Statement insert,
        db.prepare("INSERT INTO images(id, manifest, config, diff_ids, blobs, created, size) VALUES(?,?,?,?,?,?,?) "
                   "ON CONFLICT(id) DO UPDATE SET manifest=excluded.manifest, config=excluded.config, "
                   "diff_ids=excluded.diff_ids, blobs=excluded.blobs, created=excluded.created, size=excluded.size"));
    insert.bind(image.id).bind(image.manifest.text()).bind(image.config).bind(join_hex(image.diff_ids));
    insert.bind(join_hex(image.blobs)).bind(image.created_ns).bind(image.size);
    TRY(insert.step());
  }
  for (const std::string& name : image.names) {
    TRY_SET(Statement insert, db.prepare("INSERT OR REPLACE INTO image_names(name, image) VALUES(?,?)"));
    insert.bind(name).bind(image.id);
    TRY(insert.step());
  }
  for (const std::string& name : image.digests) {
    TRY_SET(Statement insert, db.prepare("INSERT OR IGNORE INTO image_digests(name, image) VALUES(?,?)"));
    insert.bind(name).bind(image.id);
    TRY(insert.step());
  }
  return {};
}

Result<void> Store::fill_names(ImageRecord& image) {
  return fill_names_of(*db_, image);
}

Result<std::vector<ImageRecord>> Store::images(ImageParts parts) {
  std::vector<ImageRecord> out;
  if (empty()) return out;
  constexpr const char* kShown = "SELECT id, manifest, '', '', '', created, size FROM images ";
  TRY_SET(Statement rows, db_->prepare(std::string(parts == ImageParts::kAll ? kColumns : kShown) +
                                       "ORDER BY created DESC, id"));
  std::unordered_map<std::string, std::size_t> places;
  for (;;) {
    TRY_SET(const bool row, rows.step());
    if (!row) break;
    TRY_SET(ImageRecord image, read_row(rows));
    places.emplace(image.id, out.size());
    out.push_back(std::move(image));
  }
  // Of all images at once: two statements per image are most of the time that a thousand take.
  for (const auto& [query, member] :
       {std::pair("SELECT image, name FROM image_names ORDER BY name", &ImageRecord::names),
        std::pair("SELECT image, name FROM image_digests ORDER BY name", &ImageRecord::digests)}) {
    TRY_SET(Statement names, db_->prepare(query));
    for (;;) {
      TRY_SET(const bool row, names.step());
      if (!row) break;
      // Another process may have added the image since.
      if (const auto place = places.find(names.text(0)); place != places.end()) {
        (out[place->second].*member).push_back(names.text(1));
      }
    }
  }
  return out;
}

Result<std::optional<ImageRecord>> Store::image_by_name(const std::string& name) {
  if (empty()) return std::optional<ImageRecord>();
  TRY_SET(Statement rows,
          db_->prepare(std::string(kColumns) + "WHERE id=(SELECT image FROM image_names WHERE name=?)"));
  rows.bind(name);
  TRY_SET(const bool row, rows.step());
  if (!row) return std::optional<ImageRecord>();
  TRY_SET(ImageRecord image, read_row(rows));
  TRY(fill_names(image));
  return std::optional(std::move(image));
}

Result<std::optional<ImageRecord>> Store::image_by_digest(const std::string& repository_at_digest) {
  if (empty()) return std::optional<ImageRecord>();
  TRY_SET(Statement rows,
          db_->prepare(std::string(kColumns) + "WHERE id IN (SELECT image FROM image_digests WHERE name=?1) "
                                               "AND (config <> '' OR ?1 LIKE '%@' || manifest) LIMIT 1"));
  rows.bind(repository_at_digest);
  TRY_SET(const bool row, rows.step());
  if (!row) return std::optional<ImageRecord>();
  TRY_SET(ImageRecord image, read_row(rows));
  TRY(fill_names(image));
  return std::optional(std::move(image));
}

Result<std::optional<ImageRecord>> Store::image_by_id(const std::string& prefix) {
  if (empty() || prefix.size() < 3 || prefix.size() > 64 || !is_hex(prefix)) return std::optional<ImageRecord>();
  TRY_SET(Statement rows, db_->prepare(std::string(kColumns) + "WHERE id >= ? AND id < ? LIMIT 2"));
  // 'g' sorts after every hex digit.
  rows.bind(prefix).bind(prefix + "g");
  TRY_SET(const bool row, rows.step());
  if (!row) return std::optional<ImageRecord>();
  TRY_SET(ImageRecord image, read_row(rows));
  TRY_SET(const bool second, rows.step());
  if (second) return fail(Code::kInvalid, "image ID prefix '" + prefix + "' is ambiguous: more than one image has it");
  TRY(fill_names(image));
  return std::optional(std::move(image));
}

Result<void> Store::put_image(const ImageRecord& given) {
  ImageRecord image = given;
  // Read back by every listing: a record that cannot be read would make all of them fail.
  if (!Digest::from_hex(image.id).ok() || image.manifest.empty()) {
    return fail(Code::kInvalid, "recording image '" + image.id + "': its ID or its manifest's digest is not a digest");
  }
  TRY(make_writable());
  TRY(settle());
  TRY_SET(const std::vector<std::string> others, keep_other_names(*this, image));
  // Before the sync, so that it is on disk with what it tells of; names that the image has already stay its own.
  {
    ImageRecord kept = image;
    TRY(fill_names(kept));
    TRY_SET(NameManifests manifests, manifests_of_names(*db_, image.id));
    TRY_SET(const auto known, image_by_id(image.id));
    for (const std::string& name : others) manifests.emplace(name, known->manifest);
    for (const std::string& name : image.names) manifests.erase(name);
    TRY(save_image_file(paths_, kept, manifests));
  }
  // Before the lock: it takes seconds when others have written much, and what is named was published before this call.
  TRY(sync_store(paths_.store));
  TRY_SET(Writing writing, write(true));
  // Under the lock: what garbage collection took away meanwhile is noticed here.
  for (const Digest& blob : image.blobs) {
    if (!has_blob(blob))
      return fail(Code::kNotFound, "blob " + blob.text() + " of image " + image.id + " is not in the store");
  }
  for (const Digest& layer : image.diff_ids) {
    if (!has_layer(layer))
      return fail(Code::kNotFound, "layer " + layer.text() + " of image " + image.id + " is not in the store");
  }
  TRY(keep_manifests(*db_, image.id, others));
  TRY(insert_image(*db_, image));
  for (const std::string& name : image.names) TRY(forget_manifest(*db_, name));
  return writing.commit();
}

Result<void> Store::tag_image(const std::string& id, const std::string& name) {
  TRY_SET(Writing writing, write(true));
  {
    TRY_SET(Statement known, db_->prepare("SELECT 1 FROM images WHERE id=?"));
    known.bind(id);
    TRY_SET(const bool row, known.step());
    if (!row) return fail(Code::kNotFound, id + ": image not known");
  }
  {
    TRY_SET(Statement insert, db_->prepare("INSERT OR REPLACE INTO image_names(name, image) VALUES(?,?)"));
    insert.bind(name).bind(id);
    TRY(insert.step());
  }
  TRY(forget_manifest(*db_, name));
  TRY(refresh_image_file(*db_, paths_, id));
  return writing.commit();
}

Result<void> Store::untag_image(const std::string& name) {
  return with_reserve(paths_, [&]() -> Result<void> {
    TRY_SET(Writing writing, write(true));
    std::string id;
    {
      TRY_SET(Statement remove, db_->prepare("DELETE FROM image_names WHERE name=? RETURNING image"));
      remove.bind(name);
      TRY_SET(const bool row, remove.step());
      if (!row) return fail(Code::kNotFound, name + ": image not known");
      id = remove.text(0);
      TRY(remove.step());
    }
    // On a full disk, too: names that are too many are of no harm there.
    (void)refresh_image_file(*db_, paths_, id).ok();
    return writing.commit();
  });
}

Result<void> Store::remove_image(const std::string& id) {
  return with_reserve(paths_, [&]() -> Result<void> {
    TRY_SET(Writing writing, write(true));
    {
      // By --mount type=image too: nothing else in a config has an image's ID.
      TRY_SET(Statement users,
              db_->prepare("SELECT id FROM containers WHERE image_id=?1 OR instr(config, ?1) LIMIT 1"));
      users.bind(id);
      TRY_SET(const bool row, users.step());
      if (row) return fail(Code::kInUse, "image used by " + users.text(0) + ": image is in use by a container");
    }
    {
      TRY_SET(Statement remove, db_->prepare("DELETE FROM images WHERE id=? RETURNING id"));
      remove.bind(id);
      TRY_SET(const bool row, remove.step());
      if (!row) return fail(Code::kNotFound, id + ": image not known");
      TRY(remove.step());
    }
    TRY(writing.commit());
    // Killed before: garbage collection takes it.
    unlink(image_file(paths_, id).c_str());
    return {};
  });
}

}  // namespace creel::storage
