// What writer and reader of the systemd journal agree on.
#pragma once

#include "base/result.h"

namespace creel::engine::monitor {

inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
// Field of a run's last entry: when the run began, in nanoseconds since the epoch.
inline constexpr const char* kJournalEnd = "CREEL_RUN_ENDED";

inline Error no_journal() {
  return fail(Code::kUnavailable, "--log-driver journald: no systemd journal listens at " + std::string(kJournalSocket))
      .with_hint("use --log-driver k8s-file, or start systemd-journald");
}

}  // namespace creel::engine::monitor
