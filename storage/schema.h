// The tables. Changing one means a new kFormatVersion and a migration.
#pragma once

namespace creel::storage {

inline constexpr const char* kSchema = R"sql(
CREATE TABLE images(
  id TEXT PRIMARY KEY,              -- hex of the config's digest
  manifest TEXT NOT NULL,           -- digest
  config TEXT NOT NULL,             -- JSON as it was pulled
  diff_ids TEXT NOT NULL,           -- hex, separated by spaces, bottom first
  blobs TEXT NOT NULL,              -- hex, separated by spaces
  created INTEGER NOT NULL,         -- ns
  size INTEGER NOT NULL
) WITHOUT ROWID;
-- What a list shows, without the pages of the configurations. (A store without this index is read all the same.)
CREATE INDEX images_shown ON images(created DESC, id, manifest, size);
CREATE TABLE image_names(
  name TEXT PRIMARY KEY,
  image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX image_names_by_image ON image_names(image);
-- Of names whose image has come again since, with another manifest and the same configuration.
CREATE TABLE name_manifests(
  name TEXT PRIMARY KEY REFERENCES image_names(name) ON DELETE CASCADE,
  manifest TEXT NOT NULL            -- digest
) WITHOUT ROWID;
CREATE TABLE image_digests(
  name TEXT NOT NULL,               -- repository@sha256:…
  image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  PRIMARY KEY(name, image)
) WITHOUT ROWID;
CREATE INDEX image_digests_by_image ON image_digests(image);
CREATE TABLE layers(
  diff_id TEXT PRIMARY KEY,         -- hex
  size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE containers(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  image TEXT NOT NULL,
  image_id TEXT NOT NULL,
  created INTEGER NOT NULL,
  remove_on_exit INTEGER NOT NULL,
  command TEXT NOT NULL,
  ports TEXT NOT NULL,
  labels TEXT NOT NULL,
  mounts TEXT NOT NULL,
  networks TEXT NOT NULL,
  config TEXT NOT NULL              -- last: its overflow pages are not read by a SELECT without it
);
CREATE INDEX containers_by_image ON containers(image_id);
CREATE TABLE volumes(
  name TEXT PRIMARY KEY,
  created INTEGER NOT NULL,
  anonymous INTEGER NOT NULL,
  labels TEXT NOT NULL,
  options TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE volume_uses(
  volume TEXT NOT NULL,
  container TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
  PRIMARY KEY(volume, container)
) WITHOUT ROWID;
CREATE INDEX volume_uses_by_container ON volume_uses(container);
)sql";

}  // namespace creel::storage
