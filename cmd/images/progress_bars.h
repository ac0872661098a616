// Bars on a terminal: one per blob under way, and one for all of them.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

constexpr auto kRedraw = std::chrono::milliseconds(100);

// "sha256:0123456789abcdef…" -> "0123456789ab"; what is no digest (a file that is imported) stays.
std::string short_digest(const std::string& digest);

struct TerminalSize {
  int rows = 24, columns = 80;
};
// 24x80 where the terminal does not say.
TerminalSize terminal_size(int fd);

// What is done scrolls up above the bars. Drawn at most ten times a second, and each second where nothing moves (by a
// thread, from the first blob on, until the destructor), each time in one write that clears only
// what it does not overwrite, so that nothing flickers; the window's size is asked each time. The cursor stays visible
// and stands below the bars: whatever ends the process, the terminal is as it should be.
std::unique_ptr<engine::transfer::Progress> make_bars(int fd, int columns);

}  // namespace creel::cmd
