#include "cmd/output/tabwriter.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace creel::cmd {
namespace {

constexpr std::size_t kMinWidth = 12;
constexpr std::size_t kPadding = 2;

using Lines = std::vector<std::vector<std::string>>;

std::size_t runes(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

}  // namespace

std::string align_columns(const std::string& text) {
  Lines lines;
  for (const std::string& line : split(text, '\n')) lines.push_back(split(line, '\t'));
  // widths[line][column]: filled block by block, column by column.
  std::vector<std::vector<std::size_t>> widths(lines.size());
  std::size_t columns = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    widths[i].resize(lines[i].size() - 1);
    columns = std::max(columns, widths[i].size());
  }
  for (std::size_t column = 0; column < columns; ++column) {
    for (std::size_t first = 0; first < lines.size();) {
      if (widths[first].size() <= column) {
        ++first;
        continue;
      }
      std::size_t last = first;
      std::size_t width = kMinWidth;
      while (last < lines.size() && widths[last].size() > column) {
        width = std::max(width, runes(lines[last][column]) + kPadding);
        ++last;
      }
      for (std::size_t i = first; i < last; ++i) widths[i][column] = width;
      first = last;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    for (std::size_t column = 0; column < lines[i].size(); ++column) {
      const std::string& cell = lines[i][column];
      out += cell;
      if (column < widths[i].size()) out.append(widths[i][column] - runes(cell), ' ');
    }
  }
  return out;
}

}  // namespace creel::cmd
