// What the service manager is told of the container: sd_notify(3). Who runs it: the monitor.
//
// A container that speaks for itself does so to a socket of its own, <running>/notify/notify.sock, which is bound into
// it; what a service may say of its state is passed on, and nothing else: whose process is the main one, and
// descriptors to keep, are not the container's to say.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine::monitor {

class Notifier {
 public:
  static Result<Notifier> open(const NotifyJob& job, int running_dir);
  // For poll(2); -1: the container says nothing.
  [[nodiscard]] int fd() const { return listener_.get(); }
  void pass_on();
  // The container runs; or it is healthy, where that is what is waited for.
  void running() const;
  void healthy();

 private:
  NotifyWhen when_ = NotifyWhen::kNever;
  std::string manager_;
  Fd listener_;
};

// The lines of a message that a container may say; empty: none.
std::string allowed_notification(std::string_view message);

}  // namespace creel::engine::monitor
