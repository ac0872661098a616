#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/output/output.h"
#include "cmd/output/tabwriter.h"

namespace creel::cmd {
namespace {

using nlohmann::json;

constexpr std::string_view kTable = "table ";

// \t and \n as typed in a shell's single quotes; in a table, spaces between actions separate columns too.
std::string normalized(const std::string& format, bool table) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format.compare(i, 2, "{{") == 0 || format.compare(i, 2, "}}") == 0) {
      inside = format[i] == '{';
      out += format.substr(i++, 2);
    } else if (!inside && format[i] == '\\' && i + 1 < format.size() &&
               (format[i + 1] == 't' || format[i + 1] == 'n')) {
      out += format[++i] == 't' ? '\t' : '\n';
    } else {
      out += table && !inside && format[i] == ' ' ? '\t' : format[i];
    }
  }
  return out;
}

// The header line of "table …": the template on an object whose fields hold their headers.
Result<std::string> header_line(const Listing& listing, const std::string& format, const json& rows) {
  json headers = json::object();
  if (!rows.empty() && rows[0].is_object()) {
    for (auto it = rows[0].begin(); it != rows[0].end(); ++it) {
      // Fields without a header of their own get their name in capitals.
      std::string capitals = it.key();
      for (char& c : capitals) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
      headers[it.key()] = std::move(capitals);
    }
  }
  for (const auto* columns : {&listing.columns, &listing.headers}) {
    for (const Column& column : *columns) {
      if (column.field.starts_with('.')) headers[column.field.substr(1)] = column.header;
    }
  }
  auto line = render_template(format, headers);
  if (line) return line;
  // {{.Labels.stage}} and the like have no header to evaluate: each cell then shows its first field's name. A mistake
  // in the template shows when the first row is rendered.
  std::string names;
  for (const std::string& cell : split(format, '\t')) {
    const std::size_t dot = cell.find("{{") == std::string::npos ? std::string::npos : cell.find('.');
    std::size_t end = dot;
    while (end != std::string::npos && end + 1 < cell.size() &&
           std::isalnum(static_cast<unsigned char>(cell[end + 1]))) {
      ++end;
    }
    const std::string field = dot == std::string::npos ? "" : cell.substr(dot + 1, end - dot);
    if (!names.empty()) names += '\t';
    names += headers.contains(field) ? headers[field].get<std::string>() : field;
  }
  return names;
}

// `rows` or, for a template with its own range, the whole list as dot.
Result<std::string> each_row(const std::string& format, const json& rows) {
  std::string out;
  if (format.find("{{range") != std::string::npos || format.find("{{ range") != std::string::npos) {
    auto whole = render_template(format, rows);
    if (!whole) return whole;
    if (!whole->empty()) *whole += '\n';
    return whole;
  }
  if (rows.empty()) {
    // A mistake in the template is told even when there is nothing to list.
    auto empty = render_template("{{if false}}" + format + "{{end}}", json::object());
    if (!empty) return empty;
  }
  for (const json& row : rows) {
    TRY_SET(std::string line, render_template(format, row));
    out += line + "\n";
  }
  return out;
}

}  // namespace

Result<std::string> render_list(const Listing& listing, const std::string& format, const json& rows,
                                const json& documents) {
  if (means_json(format)) return indented(documents.empty() ? rows : documents) + "\n";
  const bool table = format.empty() || format == "table" || format.starts_with(kTable);
  if (!table) return each_row(normalized(format, false), rows);
  std::string line;
  if (format.starts_with(kTable) && trim(format) != "table") {
    line = normalized(std::string(trim(std::string_view(format).substr(kTable.size()))), true);
  } else {
    for (const Column& column : listing.columns) line += (line.empty() ? "{{" : "\t{{") + column.field + "}}";
  }
  std::string text;
  if (!listing.no_heading) {
    TRY_SET(text, header_line(listing, line, rows));
    text += '\n';
  }
  TRY_SET(const std::string body, each_row(line, rows));
  return align_columns(text + body);
}

bool means_json(const std::string& format) {
  std::string squeezed;
  for (const char c : format) {
    if (c != ' ' && c != '\t') squeezed += c;
  }
  return squeezed == "json" || squeezed == "{{json}}" || squeezed == "{{json.}}";
}

std::string unescaped(const std::string& format) {
  return normalized(format, false);
}

std::string indented(const json& value) {
  return value.dump(4, ' ', false, json::error_handler_t::replace);
}
std::string inspect_text(const json& value) {
  return value.dump(5, ' ', false, json::error_handler_t::replace);
}
std::string compact(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace creel::cmd
