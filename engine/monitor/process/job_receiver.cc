#include "engine/monitor/process/job_receiver.h"

#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/runtime/child/namespace_names.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

namespace {

// What came after the descriptors to be preserved are the plan's namespaces. They keep their numbers in the container's process, as
// long as that is ours: none of those that it is to have.
Result<void> take_namespaces(runtime::Plan& plan, std::vector<Fd>& received) {
  const std::vector<std::uint32_t>& numbers = plan.process.preserve_fds;
  const std::uint32_t above = numbers.empty() ? 0 : *std::max_element(numbers.begin(), numbers.end()) + 1;
  bool complete = received.size() >= numbers.size();
  for (std::size_t i = numbers.size(); complete && above > 0 && i < received.size(); ++i) {
    received[i] = Fd(fcntl(received[i].get(), F_DUPFD_CLOEXEC, static_cast<int>(above)));
    complete = received[i].valid();
  }
  runtime::each_namespace_name(plan, [&](std::string& name) {
    const int index = runtime::named_descriptor(name);
    if (index < 0) return;
    const std::size_t at = numbers.size() + static_cast<std::size_t>(index);
    complete = complete && at < received.size();
    if (complete) name = runtime::descriptor_name(received[at].get());
  });
  return complete ? Result<void>() : fail(Code::kFailed, "not all descriptors could be passed to the container's monitor");
}

}  // namespace

Result<ReceivedJob> receive_job(int socket) {
  ReceivedJob out;
  TRY_SET(Packet packet, receive_packet(socket));
  while (!packet.closed && packet.type == Type::kDescriptor) {
    out.descriptors.push_back(std::move(packet.fd));
    TRY_SET(packet, receive_packet(socket));
  }
  if (packet.closed) return out;
  if (packet.type == Type::kError) return runtime::decode_error(packet.data);
  const char flags = packet.data.size() == 1 ? packet.data[0] : '\0';
  out.attached = (flags & kJobAttached) != 0;
  out.initializes = (flags & kJobInitializes) != 0;
  if (packet.type != Type::kJob || !packet.fd.valid()) return fail(Code::kFailed, "the start of the container is out of step");
  if (lseek(packet.fd.get(), 0, SEEK_SET) != 0) return errno_error("reading the monitor's job");
  TRY_SET(const std::string bytes, read_all(packet.fd.get()));
  TRY_SET(out.job, decode_job(bytes));
  TRY(take_namespaces(out.job.plan, out.descriptors));
  // The caller's groups open files to the caller, not to a container, unless it was asked for.
  if (out.job.user_namespace && !out.job.plan.process.keep_groups && setgroups(0, nullptr) != 0) {
    return errno_error("dropping supplementary groups in the user namespace");
  }
  out.given = true;
  return out;
}

}  // namespace creel::engine::monitor
