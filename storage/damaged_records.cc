#include "storage/damaged_records.h"

#include "storage/database.h"

namespace creel::storage {

Result<std::vector<std::string>> damaged_records(const Paths& paths, bool quick) {
  std::vector<std::string> out;
  TRY_SET(Database db, Database::open(paths.database(), Database::Mode::kRead));
  {
    TRY_SET(Statement rows, db.prepare(quick ? "PRAGMA quick_check" : "PRAGMA integrity_check"));
    for (;;) {
      TRY_SET(const bool row, rows.step());
      if (!row) break;
      if (rows.text(0) != "ok") out.push_back(rows.text(0));
    }
  }
  TRY_SET(Statement rows, db.prepare("PRAGMA foreign_key_check"));
  for (;;) {
    TRY_SET(const bool row, rows.step());
    if (!row) return out;
    out.push_back("a row of " + rows.text(0) + " names one of " + rows.text(2) + " that is not there");
  }
}

}  // namespace creel::storage
