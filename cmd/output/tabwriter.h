// Columns of text aligned as Go's text/tabwriter does with Podman's settings (at least 12 wide, 2 spaces between).
#pragma once

#include <string>

namespace creel::cmd {

// Tabs in `text` end cells; a column is a run of lines that have a cell there. The last cell of a line is not padded.
std::string align_columns(const std::string& text);

}  // namespace creel::cmd
