// A container's output as entries of the systemd journal, by the journal's own protocol (systemd.io, "Native Journal
// Protocol"): a datagram per line to a socket that everybody may write to. Who runs it: the monitor. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/shared/journal.h"

namespace creel::engine::monitor {

class JournalWriter {
 public:
  // `fields`: "KEY=value\n", of each entry. kUnavailable where no journal listens.
  static Result<JournalWriter> open(const std::string& fields, const char* socket = kJournalSocket,
                                    int patience_ms = kPatienceMs);
  // `partial`: the line goes on in the next one. A journal that does not take it for a while has it lost, and what comes
  // until it takes one again, without another wait: the container and its end wait for nobody.
  void write(bool is_stderr, bool partial, std::string_view line);
  // The last one of a run: who follows need not wait for more.
  void end(std::int64_t started_ns, int exit_code);

 private:
  static constexpr int kPatienceMs = 5000;

  void send(std::string_view text);

  Fd socket_;
  bool hangs_ = false;
  std::string path_, fields_, entry_;
};

}  // namespace creel::engine::monitor
