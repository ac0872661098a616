// Our own terminal while it stands for the container's: raw mode, and its size.
// Who runs it: the CLI, as the caller. One at a time, one thread: the handlers that restore it are the process's.
#pragma once

#include <termios.h>

#include <optional>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/shared/protocol.h"

namespace creel::engine::monitor {

// The terminal on stdin in raw mode; as it was again when this goes, and when a signal ends the process.
class RawTerminal {
 public:
  static Result<RawTerminal> enter();
  RawTerminal(RawTerminal&& other) noexcept : active_(other.active_), events_(std::move(other.events_)) {
    other.active_ = false;
  }
  RawTerminal& operator=(RawTerminal&&) = delete;
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal();

  // For poll(2): readable when the size may have changed, or the process was stopped and continues.
  [[nodiscard]] int events() const { return events_.get(); }
  // Takes the events; re-enters raw mode where the shell has changed it meanwhile.
  void handle_events();
  static std::optional<WindowSize> size();

 private:
  RawTerminal() = default;
  bool active_ = true;
  Fd events_;
};

}  // namespace creel::engine::monitor
