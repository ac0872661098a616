#include "engine/monitor/process/notifier.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/service_notify.h"
#include "base/text.h"
#include "base/unix_socket.h"

namespace creel::engine::monitor {

namespace {

constexpr const char* kSocket = "notify.sock";
constexpr std::array kAllowed = {"READY=", "RELOADING=", "STOPPING=", "MONOTONIC_USEC=", "STATUS=",
                                 "ERRNO=", "BUSERROR=",  "WATCHDOG=", "WATCHDOG_USEC=",  "EXTEND_TIMEOUT_USEC="};

}  // namespace

std::string allowed_notification(std::string_view message) {
  std::string out;
  for (const std::string& line : split(message, '\n')) {
    const bool allowed =
        std::any_of(kAllowed.begin(), kAllowed.end(), [&](const char* key) { return line.starts_with(key); });
    if (allowed) out += line + "\n";
  }
  return out;
}

Result<Notifier> Notifier::open(const NotifyJob& job, int running_dir) {
  Notifier out;
  out.when_ = job.when;
  out.manager_ = job.socket;
  if (job.when != NotifyWhen::kContainerSays) return out;
  TRY_SET(const Fd dir, open_at(running_dir, "notify", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  unlinkat(dir.get(), kSocket, 0);
  // For whoever the container's process is, and from the first moment: by name, a process that outlived the last run could
  // have put a link to something else there.
  const mode_t before = umask(0);
  auto listener = listen_unix(dir.get(), kSocket, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  umask(before);
  TRY_SET(out.listener_, std::move(listener));
  return out;
}

void Notifier::pass_on() {
  char message[4096];
  // Descriptors that come along are closed by the kernel: there is no room for them.
  const ssize_t got = recv(listener_.get(), message, sizeof(message), MSG_DONTWAIT | MSG_TRUNC);
  if (got <= 0 || static_cast<std::size_t>(got) > sizeof(message)) return;
  const std::string allowed = allowed_notification({message, static_cast<std::size_t>(got)});
  if (!allowed.empty()) notify_service(manager_, allowed);
}

void Notifier::running() const {
  if (when_ == NotifyWhen::kRunning) notify_service(manager_, "READY=1");
}

// Once: what comes later is no news.
void Notifier::healthy() {
  if (when_ != NotifyWhen::kHealthy) return;
  notify_service(manager_, "READY=1");
  when_ = NotifyWhen::kNever;
}

}  // namespace creel::engine::monitor
