// How pull, load, save and import show what they do: on stderr, so that stdout holds results alone.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

// Thread-safe. On a terminal each blob has a line that is drawn anew as it grows; elsewhere one line is printed per
// blob, when it is done. `quiet`: nothing at all. What is drawn is finished by the destructor.
std::unique_ptr<engine::transfer::Progress> make_progress(bool quiet);
// The same, told what to write to and how wide it is; 0: no terminal.
std::unique_ptr<engine::transfer::Progress> make_progress_on(int fd, int columns);

}  // namespace creel::cmd
