#include "cmd/container/again.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/text.h"
#include "engine/container/container.h"

namespace creel::cmd {

void AgainCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> AgainCommand::run(Context& context) {
  constexpr int kMonitor = 3;
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(kMonitor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
    return fail(Code::kInvalid, "this is a monitor's to call, not a user's");
  }
  fcntl(kMonitor, F_SETFD, FD_CLOEXEC);
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  // Monitors of old did not say.
  std::int64_t version = 0;
  if (arguments_.size() > 1) {
    TRY_SET(version, parse_int(arguments_[1], "version"));
  }
  TRY(engine::start_again(engine, arguments_[0], static_cast<std::uint32_t>(version), Fd(kMonitor)));
  return 0;
}

}  // namespace creel::cmd
