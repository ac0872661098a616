// SQLite, owned. One connection, one thread; statements are finalized by their scope.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace creel::storage {

class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Bind the next parameter.
  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  // True: a row is there. False: done.
  Result<bool> step();
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_;
  int next_ = 1;
};

class Database {
 public:
  enum class Mode : std::uint8_t { kRead, kWrite };
  // kRead: the file must exist. kWrite: creates it with its schema where absent.
  static Result<Database> open(const std::string& path, Mode mode);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  Result<Statement> prepare(std::string_view sql);
  Result<void> execute(const char* sql);
  [[nodiscard]] Error error(std::string_view doing) const;

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  sqlite3* db_ = nullptr;
};

// BEGIN IMMEDIATE … COMMIT; rolled back by the destructor when commit() was not reached. The caller holds writer.lock.
class Transaction {
 public:
  // `durable`: on disk when commit() returns (synchronous=FULL), else safe against kill -9 but not against power loss.
  static Result<Transaction> begin(Database& db, bool durable);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& db) : db_(&db) {}
  Database* db_;
};

}  // namespace creel::storage
