// Store: container and volume records.
#include <algorithm>
#include <tuple>

#include "storage/database.h"
#include "storage/record_files.h"
#include "storage/reserve.h"
#include "storage/store.h"
#include "storage/volume_removal.h"
#include "storage/writing.h"

namespace creel::storage {

namespace {

constexpr const char* kColumns =
    "id, name, image, image_id, created, remove_on_exit, command, ports, labels, mounts, networks";

ContainerRecord read_row(const Statement& row) {
  ContainerRecord out;
  out.id = row.text(0);
  out.name = row.text(1);
  out.image = row.text(2);
  out.image_id = row.text(3);
  out.created_ns = row.number(4);
  out.remove_on_exit = row.number(5) != 0;
  out.command = row.text(6);
  out.ports = row.text(7);
  out.labels = row.text(8);
  out.mounts = row.text(9);
  out.networks = row.text(10);
  return out;
}

VolumeRecord read_volume(const Statement& row) {
  return {row.text(0), row.number(1), row.number(2) != 0, row.text(3), row.text(4)};
}

bool is_hex(const std::string& text) {
  return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<std::vector<std::string>> texts(Statement rows) {
  std::vector<std::string> out;
  for (;;) {
    TRY_SET(const bool row, rows.step());
    if (!row) return out;
    out.push_back(rows.text(0));
  }
}

Error no_such(const std::string& name_or_id) {
  return fail(Code::kNotFound, "no container with name or ID \"" + name_or_id + "\" found: no such container");
}

// Inside the transaction that failed: the one that has the name cannot vanish in between.
Error name_taken(Database& db, const ContainerRecord& container, Error error) {
  if (error.code != Code::kExists) return error;
  TRY_SET(Statement holder, db.prepare("SELECT id FROM containers WHERE name=?"));
  holder.bind(container.name);
  TRY_SET(const bool row, holder.step());
  if (!row)
    return fail(Code::kExists, "creating container storage: the container ID " + container.id + " is already in use");
  return fail(Code::kExists,
              "creating container storage: the container name \"" + container.name + "\" is already in use by " +
                  holder.text(0) +
                  ". You have to remove that container to be able to reuse that name: that name is already in use");
}

}  // namespace

Result<void> insert_container(Database& db, const ContainerRecord& container, const std::string& config) {
  TRY_SET(Statement insert,
          db.prepare(std::string("INSERT INTO containers(") + kColumns + ", config) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"));
  insert.bind(container.id)
      .bind(container.name)
      .bind(container.image)
      .bind(container.image_id)
      .bind(container.created_ns);
  insert.bind(std::int64_t{container.remove_on_exit})
      .bind(container.command)
      .bind(container.ports)
      .bind(container.labels);
  insert.bind(container.mounts).bind(container.networks).bind(config);
  TRY(insert.step());
  return {};
}

Result<void> insert_volume(Database& db, const VolumeRecord& volume, const char* verb) {
  TRY_SET(Statement insert,
          db.prepare(std::string(verb) + " INTO volumes(name, created, anonymous, labels, options) VALUES(?,?,?,?,?)"));
  insert.bind(volume.name)
      .bind(volume.created_ns)
      .bind(std::int64_t{volume.anonymous})
      .bind(volume.labels)
      .bind(volume.options);
  TRY(insert.step());
  return {};
}

Result<void> insert_volume_use(Database& db, const std::string& volume, const std::string& container) {
  TRY_SET(Statement use, db.prepare("INSERT OR IGNORE INTO volume_uses(volume, container) VALUES(?,?)"));
  use.bind(volume).bind(container);
  TRY(use.step());
  return {};
}

Result<std::vector<ContainerRecord>> Store::containers() {
  std::vector<ContainerRecord> out;
  if (empty()) return out;
  // Not ordered by SQLite, which would copy all of them: they come nearly as they were created.
  TRY_SET(Statement rows, db_->prepare(std::string("SELECT ") + kColumns + " FROM containers ORDER BY rowid"));
  for (;;) {
    TRY_SET(const bool row, rows.step());
    if (!row) break;
    out.push_back(read_row(rows));
  }
  const auto older = [](const ContainerRecord& a, const ContainerRecord& b) {
    return std::tie(a.created_ns, a.id) < std::tie(b.created_ns, b.id);
  };
  if (!std::is_sorted(out.begin(), out.end(), older)) std::sort(out.begin(), out.end(), older);
  return out;
}

Result<std::vector<ContainerRecord>> Store::containers_naming(const std::string& id) {
  std::vector<ContainerRecord> out;
  if (empty()) return out;
  TRY_SET(Statement rows, db_->prepare(std::string("SELECT ") + kColumns +
                                       ", config FROM containers WHERE id<>? AND instr(config, ?)>0 ORDER BY created, id"));
  rows.bind(id).bind(id);
  for (;;) {
    TRY_SET(const bool row, rows.step());
    if (!row) return out;
    out.push_back(read_row(rows));
    out.back().config = rows.text(11);
  }
}

Result<ContainerRecord> Store::container(const std::string& name_or_id) {
  const Error absent = no_such(name_or_id);
  if (empty() || name_or_id.empty()) return absent;
  const std::string select = std::string("SELECT ") + kColumns + ", config FROM containers ";
  auto read_one = [](Statement& rows) {
    ContainerRecord out = read_row(rows);
    out.config = rows.text(11);
    return out;
  };
  for (const char* column : {"name", "id"}) {
    TRY_SET(Statement rows, db_->prepare(select + "WHERE " + column + "=?"));
    rows.bind(name_or_id);
    TRY_SET(const bool row, rows.step());
    if (row) return read_one(rows);
  }
  if (name_or_id.size() >= 64 || !is_hex(name_or_id)) return absent;
  TRY_SET(Statement rows, db_->prepare(select + "WHERE id >= ? AND id < ? LIMIT 2"));
  // 'g' sorts after every hex digit.
  rows.bind(name_or_id).bind(name_or_id + "g");
  TRY_SET(const bool row, rows.step());
  if (!row) return absent;
  ContainerRecord found = read_one(rows);
  TRY_SET(const bool second, rows.step());
  if (second) {
    return fail(Code::kInvalid,
                "more than one result for container name or ID " + name_or_id + ": ID prefix is ambiguous");
  }
  return found;
}

Result<void> Store::add_container(const ContainerRecord& container, const std::vector<VolumeRecord>& volumes_used,
                                  const Complete& complete) {
  TRY_SET(Writing writing, write(false));
  std::string config = container.config;
  if (complete) {
    std::vector<std::string> others;
    TRY_SET(Statement rows, db_->prepare("SELECT config FROM containers"));
    for (;;) {
      TRY_SET(const bool row, rows.step());
      if (!row) break;
      others.push_back(rows.text(0));
    }
    TRY_SET(config, complete(others));
  }
  if (!container.image_id.empty()) {
    TRY_SET(Statement known, db_->prepare("SELECT 1 FROM images WHERE id=?"));
    known.bind(container.image_id);
    TRY_SET(const bool row, known.step());
    if (!row) return fail(Code::kNotFound, container.image + ": image not known");
  }
  auto added = insert_container(*db_, container, config);
  if (!added.ok()) return name_taken(*db_, container, std::move(added).error());
  for (const VolumeRecord& volume : volumes_used) {
    TRY(insert_volume(*db_, volume, "INSERT OR IGNORE"));
    TRY(insert_volume_use(*db_, volume.name, container.id));
  }
  return writing.commit();
}

Result<void> Store::update_container(const ContainerRecord& container) {
  TRY_SET(Writing writing, write(false));
  {
    TRY_SET(Statement update,
            db_->prepare("UPDATE containers SET name=?, remove_on_exit=?, command=?, ports=?, labels=?, "
                         "mounts=?, networks=?, config=? WHERE id=? RETURNING id"));
    update.bind(container.name)
        .bind(std::int64_t{container.remove_on_exit})
        .bind(container.command)
        .bind(container.ports);
    update.bind(container.labels)
        .bind(container.mounts)
        .bind(container.networks)
        .bind(container.config)
        .bind(container.id);
    auto updated = update.step();
    if (!updated.ok()) return name_taken(*db_, container, std::move(updated).error());
    if (!*updated) return no_such(container.id);
    TRY(update.step());
  }
  TRY_SET(const std::vector<std::string> volumes, container_volumes(container.id));
  auto saved = save_container_file(paths_, container, volumes);
  // Its directory is not there yet, or not any more.
  if (!saved.ok() && saved.error().err != ENOENT) return saved;
  return writing.commit();
}

Result<void> Store::remove_container(const std::string& id) {
  return with_reserve(paths_, [&]() -> Result<void> {
    TRY_SET(Writing writing, write(false));
    {
      TRY_SET(Statement remove, db_->prepare("DELETE FROM containers WHERE id=?"));
      remove.bind(id);
      TRY(remove.step());
    }
    return writing.commit();
  });
}

Result<std::vector<VolumeRecord>> Store::volumes() {
  std::vector<VolumeRecord> out;
  if (empty()) return out;
  TRY_SET(Statement rows, db_->prepare("SELECT name, created, anonymous, labels, options FROM volumes ORDER BY name"));
  for (;;) {
    TRY_SET(const bool row, rows.step());
    if (!row) return out;
    out.push_back(read_volume(rows));
  }
}

Result<std::optional<VolumeRecord>> Store::volume(const std::string& name) {
  if (empty()) return std::optional<VolumeRecord>();
  TRY_SET(Statement rows, db_->prepare("SELECT name, created, anonymous, labels, options FROM volumes WHERE name=?"));
  rows.bind(name);
  TRY_SET(const bool row, rows.step());
  if (!row) return std::optional<VolumeRecord>();
  return std::optional(read_volume(rows));
}

Result<void> Store::add_volume(const VolumeRecord& volume) {
  TRY_SET(Writing writing, write(false));
  auto added = insert_volume(*db_, volume, "INSERT");
  if (!added.ok()) {
    if (added.error().code != Code::kExists) return added;
    return fail(Code::kExists, "volume with name " + volume.name + " already exists: volume already exists");
  }
  // What a lost database would lose.
  if (volume.labels != "{}" || volume.options != "{}") TRY(save_volume_file(paths_, volume));
  return writing.commit();
}

Result<void> Store::remove_volume(const std::string& name) {
  TRY(make_writable());
  TRY(BuriedVolume::bury(paths_, name));
  return {};
}

Result<std::vector<std::string>> Store::volume_users(const std::string& name) {
  if (empty()) return std::vector<std::string>();
  TRY_SET(Statement rows, db_->prepare("SELECT container FROM volume_uses WHERE volume=? ORDER BY container"));
  rows.bind(name);
  return texts(std::move(rows));
}

Result<std::vector<std::string>> Store::container_volumes(const std::string& id) {
  if (empty()) return std::vector<std::string>();
  TRY_SET(Statement rows, db_->prepare("SELECT volume FROM volume_uses WHERE container=? ORDER BY volume"));
  rows.bind(id);
  return texts(std::move(rows));
}

}  // namespace creel::storage
