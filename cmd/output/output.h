// What commands print: tables, JSON, Go templates, human units. Follows Podman's shapes.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace creel::cmd {

// One column of a command's default table.
struct Column {
  std::string header;  // "CONTAINER ID"
  std::string field;   // template field: ".ID"
};

// Prints `rows` (a JSON array of objects whose keys are the template's field names) as `format` says:
//   ""            the default table of `columns`
//   "json"        one indented JSON array of `documents` (often richer than rows; empty: rows)
//   "table …"     the template as a table with headers taken from `headers` (field -> header)
//   else          the Go-template subset, one line per row
// kInvalid: a template that does not parse, or names an unknown field ("template: …: can't evaluate field X").
struct Listing {
  std::vector<Column> columns;
  std::vector<Column> headers;  // further fields with a header of their own for "table …"
  bool no_heading = false;
};
Result<std::string> render_list(const Listing& listing, const std::string& format, const nlohmann::json& rows,
                                const nlohmann::json& documents);

// Go-template subset: placeholders, pipelines, range/if/else/with/end, variables, len index printf eq ne lt gt and or
// not, json join lower upper split title pad truncate. `dot` is the template's ".". Field names match JSON keys
// exactly, then without regard to case.
Result<std::string> render_template(const std::string& text, const nlohmann::json& dot);

// "json", "{{json}}", "{{json .}}": the whole document instead of a template.
bool means_json(const std::string& format);
// \t and \n outside of actions, as users type them between single quotes.
std::string unescaped(const std::string& format);

std::string human_size(std::int64_t bytes);             // "27.2 MB" (powers of 1000, three digits), as Podman
std::string human_duration(std::int64_t ns);            // "About a minute", "3 hours": units.HumanDuration of Go
std::string go_duration(std::uint64_t ns);              // "1m2.5s", "850ms", "0s": Go's durations
std::string indented(const nlohmann::json& value);      // four spaces, as Podman prints lists
std::string inspect_text(const nlohmann::json& value);  // five spaces, as Podman prints inspect
std::string compact(const nlohmann::json& value);       // one line; bytes that are not UTF-8 become U+FFFD

[[nodiscard]] bool stdout_is_terminal();
// Everything that was printed reached stdout; kFailed for a closed pipe or a full disk. Called once before exit.
Result<void> flush_stdout();

}  // namespace creel::cmd
