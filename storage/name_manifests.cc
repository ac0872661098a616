#include "storage/name_manifests.h"

#include "base/file.h"
#include "base/lock.h"
#include "storage/database.h"
#include "storage/record_files.h"

namespace creel::storage {

namespace {

// Stores that were made before there was this table get it when it is needed.
Result<bool> has_table(Database& db) {
  TRY_SET(Statement table, db.prepare("SELECT 1 FROM sqlite_master WHERE type='table' AND name='name_manifests'"));
  return table.step();
}

Result<std::optional<Digest>> read(Database& db, const std::string& name) {
  std::optional<Digest> out;
  TRY_SET(const bool there, has_table(db));
  if (!there) return out;
  TRY_SET(Statement rows, db.prepare("SELECT manifest FROM name_manifests WHERE name=?"));
  rows.bind(name);
  TRY_SET(const bool row, rows.step());
  if (row) {
    TRY_SET(out, Digest::parse(rows.text(0)));
  }
  return out;
}

Result<void> make_table(Database& db) {
  TRY_SET(const bool there, has_table(db));
  if (there) return {};
  return db.execute(
      "CREATE TABLE name_manifests(name TEXT PRIMARY KEY REFERENCES image_names(name) ON DELETE CASCADE, "
      "manifest TEXT NOT NULL) WITHOUT ROWID");
}

// In the file of the image that `name` is one of.
Result<void> note_in_file(Database& db, const Paths& paths, const std::string& name, const Digest& manifest) {
  TRY_SET(Statement rows, db.prepare("SELECT image FROM image_names WHERE name=?"));
  rows.bind(name);
  TRY_SET(const bool row, rows.step());
  if (!row) return {};
  auto saved = load_image_file(paths, rows.text(0));
  // A store that was made before these files were.
  if (!saved.ok()) return {};
  saved->manifests[name] = manifest;
  return save_image_file(paths, saved->record, saved->manifests);
}

}  // namespace

Result<std::optional<Digest>> manifest_of_name(const Paths& paths, const std::string& name) {
  if (!path_exists(paths.database())) return std::optional<Digest>();
  TRY_SET(Database db, Database::open(paths.database(), Database::Mode::kRead));
  return read(db, name);
}

Result<void> copy_name_manifest(const Paths& paths, const std::string& from, const std::string& to) {
  TRY_SET(Database db, Database::open(paths.database(), Database::Mode::kRead));
  TRY_SET(const auto manifest, read(db, from));
  if (!manifest || from == to) return {};
  TRY_SET(const FileLock writer, FileLock::acquire(paths.writer_lock()));
  TRY_SET(Transaction transaction, Transaction::begin(db, true));
  {
    // Unless another has taken the name meanwhile.
    TRY_SET(Statement insert,
            db.prepare("INSERT OR REPLACE INTO name_manifests(name, manifest) SELECT a.name, ?3 FROM "
                       "image_names a JOIN image_names b ON a.image=b.image WHERE a.name=?1 AND b.name=?2"));
    insert.bind(to).bind(from).bind(manifest->text());
    TRY(insert.step());
  }
  TRY(note_in_file(db, paths, to, *manifest));
  return transaction.commit();
}

Result<void> keep_manifests(Database& db, const std::string& id, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  TRY(make_table(db));
  for (const std::string& name : names) {
    TRY_SET(Statement insert,
            db.prepare("INSERT OR IGNORE INTO name_manifests(name, manifest) SELECT ?1, manifest FROM images WHERE "
                       "id=?2 AND EXISTS(SELECT 1 FROM image_names WHERE name=?1 AND image=?2)"));
    insert.bind(name).bind(id);
    TRY(insert.step());
  }
  return {};
}

Result<void> forget_manifest(Database& db, const std::string& name) {
  TRY_SET(const bool there, has_table(db));
  if (!there) return {};
  TRY_SET(Statement remove, db.prepare("DELETE FROM name_manifests WHERE name=?"));
  remove.bind(name);
  TRY(remove.step());
  return {};
}

Result<NameManifests> manifests_of_names(Database& db, const std::string& id) {
  NameManifests out;
  TRY_SET(const bool there, has_table(db));
  if (!there) return out;
  TRY_SET(Statement rows, db.prepare("SELECT m.name, m.manifest FROM name_manifests m JOIN image_names n ON "
                                     "m.name=n.name WHERE n.image=?"));
  rows.bind(id);
  for (;;) {
    TRY_SET(const bool row, rows.step());
    if (!row) return out;
    TRY_SET(out[rows.text(0)], Digest::parse(rows.text(1)));
  }
}

Result<void> insert_manifest(Database& db, const std::string& name, const Digest& manifest) {
  TRY(make_table(db));
  TRY_SET(Statement insert, db.prepare("INSERT OR REPLACE INTO name_manifests(name, manifest) VALUES(?,?)"));
  insert.bind(name).bind(manifest.text());
  TRY(insert.step());
  return {};
}

}  // namespace creel::storage
