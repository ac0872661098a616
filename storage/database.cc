#include "storage/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "storage/schema.h"

namespace creel::storage {

namespace {

// Writers queue on writer.lock, so SQLite is busy only for the moment of a checkpoint or a recovery.
constexpr int kBusyTimeoutMs = 10000;

// After each commit. A lone opener reads the whole log to rebuild its index, in which what was copied to the database
// before counts as not copied: a log that is only copied, and not cut, grows for as long as commands follow one another,
// and each copies all of it again.
int shorten_log(void* /*unused*/, sqlite3* db, const char* schema, int frames) {
  constexpr int kMostFrames = 128;
  if (frames < kMostFrames) return SQLITE_OK;
  // Who is reading is not waited for: the next writer does it. Nor does an error matter: what was committed is in the log.
  sqlite3_busy_timeout(db, 0);
  sqlite3_wal_checkpoint_v2(db, schema, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  return SQLITE_OK;
}

// The last connection to close would otherwise checkpoint and delete the log: milliseconds at the end of every command.
void keep_log(sqlite3* db) {
  int on = 1;
  sqlite3_file_control(db, nullptr, SQLITE_FCNTL_PERSIST_WAL, &on);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_wal_hook(db, shorten_log, nullptr);
}

// The file system, or what SQLite's own files may take of it.
bool is_full(sqlite3* db) {
  return (sqlite3_errcode(db) & 0xff) == SQLITE_FULL || sqlite3_system_errno(db) == ENOSPC;
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)), next_(other.next_) {}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_, next_++, text.empty() ? "" : text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_, next_++, number);
  return *this;
}

Result<bool> Statement::step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default: {
      sqlite3* db = sqlite3_db_handle(statement_);
      const bool taken = sqlite3_extended_errcode(db) == SQLITE_CONSTRAINT_UNIQUE ||
                         sqlite3_extended_errcode(db) == SQLITE_CONSTRAINT_PRIMARYKEY;
      Error error = fail(taken ? Code::kExists : Code::kFailed,
                         std::string("reading or writing the store's records: ") + sqlite3_errmsg(db));
      if (is_full(db)) error.err = ENOSPC;
      return error;
    }
  }
}

std::string Statement::text(int column) const {
  const auto* data = sqlite3_column_text(statement_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

Database::Database(Database&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(db_, other.db_);
  return *this;
}

Database::~Database() {
  sqlite3_close_v2(db_);
}

Error Database::error(std::string_view doing) const {
  Error error = fail(Code::kFailed, std::string(doing) + ": " + (db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_)));
  if (db_ != nullptr && is_full(db_)) {
    error.err = ENOSPC;
    error.hint = "free some space, or run `creel rmi` on images that are not needed";
  }
  return error;
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  sqlite3* raw = nullptr;
  // A reader opens for writing too: a log reader must be able to map and, after a crash, recover the shared index.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::kWrite ? SQLITE_OPEN_CREATE : 0);
  int status = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database db(raw);
  if (status != SQLITE_OK) {
    const bool absent = (status & 0xff) == SQLITE_CANTOPEN && mode == Mode::kRead;
    Error error = db.error("opening " + path);
    if (absent) error.code = Code::kNotFound;
    return error;
  }
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  keep_log(raw);
  TRY(db.execute("PRAGMA foreign_keys=ON"));
  if (mode == Mode::kRead) return db;

  {
    // Finalized before the mode is changed: a statement that is still being read is a transaction, in which it cannot be.
    TRY_SET(Statement version, db.prepare("PRAGMA user_version"));
    TRY_SET(const bool row, version.step());
    if (row && version.number(0) > 0) return db;
  }
  // Where the file system cannot share memory, SQLite keeps the rollback journal and says so in its answer, not by an error.
  TRY(db.execute("PRAGMA journal_mode=WAL"));
  TRY_SET(Transaction transaction, Transaction::begin(db, true));
  TRY(db.execute(kSchema));
  TRY(db.execute("PRAGMA user_version=1"));
  TRY(transaction.commit());
  return db;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK) {
    return error("reading the store's records");
  }
  return Statement(raw);
}

Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error("writing the store's records");
  return {};
}

Transaction::Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Transaction::~Transaction() {
  if (db_ != nullptr) (void)db_->execute("ROLLBACK").ok();
}

Result<Transaction> Transaction::begin(Database& db, bool durable) {
  TRY(db.execute(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
  TRY(db.execute("BEGIN IMMEDIATE"));
  return Transaction(db);
}

Result<void> Transaction::commit() {
  TRY(db_->execute("COMMIT"));
  db_ = nullptr;
  return {};
}

}  // namespace creel::storage
