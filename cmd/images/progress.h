// How commands that move images show what they do: on stderr, so that stdout holds results alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "cmd/flags.h"
#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

// --progress, beside each command's own --quiet.
void declare_progress(Flags& flags, std::string& style);

// Thread-safe. `style`:
//   "" auto   bars on a terminal, lines elsewhere
//   tty       bars wherever it goes
//   plain     a line per message and per blob that is done
//   json      one object per line:
//               {"event":"message","text":"Trying to pull …"}
//               {"event":"blob","digest":"sha256:…","done":4096,"total":65536}   at most ten a second of each blob;
//                                                                        "total" is left out where nobody knows it
//               {"event":"blob-done","digest":"sha256:…","how":"done"}   or "skipped: already exists"
//   quiet none  nothing
// `quiet` is as quiet, unless json was asked for. kInvalid: another style. What is drawn is finished by the destructor.
Result<std::unique_ptr<engine::transfer::Progress>> make_progress(bool quiet, const std::string& style);
// The style that suits stderr.
std::unique_ptr<engine::transfer::Progress> make_progress(bool quiet);
// The one that the style means, told what to write to and how large that is. 0 columns: no terminal.
std::unique_ptr<engine::transfer::Progress> make_progress_on(int fd, int columns);
std::unique_ptr<engine::transfer::Progress> make_json_progress(int fd);

}  // namespace creel::cmd
