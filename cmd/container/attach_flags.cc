#include "cmd/container/attach_flags.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "engine/monitor/client.h"

namespace creel::cmd {

void AttachFlags::declare_keys(Flags& flags) {
  flags.value("--detach-keys", detach_keys_, "keys", "Keys that detach: letters or ctrl-X, separated by commas");
}

void AttachFlags::declare_sig_proxy(Flags& flags) {
  flags.flag("--sig-proxy", sig_proxy_, "Forward signals to the container");
}

void AttachFlags::declare_streams(Flags& flags) {
  flags.list("-a,--attach", streams_, "stream", "Join only these streams: stdin, stdout, stderr").csv();
}

Result<engine::StartRequest> AttachFlags::request(bool attach, bool interactive) const {
  TRY(engine::monitor::parse_detach_keys(detach_keys_));
  engine::StartRequest request;
  request.attach = attach;
  request.interactive = interactive;
  request.sig_proxy = sig_proxy_;
  request.detach_keys = detach_keys_;
  if (streams_.empty()) return request;
  request.interactive = request.out = request.err = false;
  for (std::string stream : streams_) {
    std::transform(stream.begin(), stream.end(), stream.begin(), [](unsigned char c) { return std::tolower(c); });
    if (stream == "stdin") {
      request.interactive = interactive;
    } else if (stream == "stdout") {
      request.out = true;
    } else if (stream == "stderr") {
      request.err = true;
    } else {
      return fail(Code::kInvalid, "invalid stream \"" + stream + "\" for --attach - must be one of stdin, stdout, or stderr: invalid argument");
    }
  }
  return request;
}

void warn_without_terminal(const engine::Engine& engine, bool tty, bool interactive) {
  if (tty && interactive && isatty(STDIN_FILENO) == 0) {
    engine.warn("the input device is not a TTY: --tty and --interactive might not work properly");
  }
}

}  // namespace creel::cmd
