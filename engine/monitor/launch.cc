// Starting a monitor (see client.h).
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "engine/monitor/client.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

namespace {

// The monitor's answer, or its error, or a word about its silence.
Result<Packet> expect(int socket, std::initializer_list<Type> wanted) {
  TRY_SET(Packet packet, receive_packet(socket));
  if (packet.closed) return fail(Code::kFailed, "the container's monitor was killed while it started");
  if (packet.type == Type::kError) return runtime::decode_error(packet.data);
  for (Type type : wanted) {
    if (packet.type == type) return packet;
  }
  return fail(Code::kFailed, "the container's monitor is out of step");
}

Result<Fd> in_memory(const std::string& bytes) {
  Fd fd(memfd_create("creel-job", MFD_CLOEXEC));
  if (!fd.valid()) return errno_error("memfd_create");
  TRY(write_all(fd.get(), bytes));
  return fd;
}

}  // namespace

Result<Launch> Launch::begin(rootless::Identity identity, const std::string& runtime_dir, int join_pidfd) {
  Launch out;
  out.runtime_dir_ = runtime_dir;
  TRY_SET(const std::string program, libexec_program("creel-monitor"));
  const char* mode = "stay";
  std::optional<Fd> live;
  int target = join_pidfd;
  if (identity == rootless::Identity::kUser && target < 0) {
    live = rootless::live_namespace(runtime_dir);
    if (!live) {
      // One makes the namespace, the others wait that long and find it.
      TRY_SET(FileLock lock, FileLock::acquire(runtime_dir + "/userns.lock"));
      live = rootless::live_namespace(runtime_dir);
      if (!live) out.making_ = std::move(lock);
    }
    if (live) target = live->get();
  }
  if (identity == rootless::Identity::kUser) mode = target >= 0 ? "join" : "make";

  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno_error("making a socket pair");
  out.socket_ = Fd(ends[0]);
  Fd theirs(ends[1]);
  TRY_SET(Fd null, open_file("/dev/null", O_RDWR));
  SpawnRequest request;
  request.path = program;
  request.argv = {"creel-monitor", mode};
  request.fds = {{null.get(), 0}, {null.get(), 1}, {null.get(), 2}, {theirs.get(), 3}};
  if (target >= 0 && mode[0] == 'j') request.fds.emplace_back(target, 4);
  request.new_session = true;
  TRY_SET(Process process, spawn(request));
  theirs.reset();
  out.pid_ = process.pid();
  if (identity != rootless::Identity::kUser) return out;

  out.entered_ = false;
  if (mode[0] == 'm') {
    // While the program is loaded and leaves our namespace.
    TRY_SET(out.maps_, rootless::subordinate_maps());
  }
  return out;
}

Result<void> Launch::enter(bool wait) {
  if (entered_) return {};
  if (!wait) {
    pollfd answer{socket_.get(), POLLIN, 0};
    if (poll(&answer, 1, 0) <= 0) return {};
  }
  TRY_SET(Packet packet, expect(socket_.get(), {Type::kNeedMaps, Type::kInside}));
  entered_ = true;
  if (packet.type == Type::kInside) return {};
  // Also where the namespace to join had died in between.
  if (!maps_) {
    TRY_SET(maps_, rootless::subordinate_maps());
  }
  TRY_SET(mappers_, rootless::start_mappers(pid_, *maps_));
  return {};
}

Result<void> Launch::advance() { return enter(false); }

Result<void> Launch::finish_mapping() {
  if (!mappers_) return {};
  TRY(rootless::finish_mappers(std::move(*mappers_)));
  mappers_.reset();
  send_packet(socket_.get(), Type::kMapped, {});
  TRY(rootless::publish_namespace(runtime_dir_, pid_));
  making_.reset();
  return {};
}

Result<void> Launch::give(const Job& job, bool attach) {
  attach_ = attach;
  TRY(enter(true));
  TRY(finish_mapping());
  TRY_SET(Fd memory, in_memory(encode(job)));
  const char flags = attach ? 1 : 0;
  if (!send_packet(socket_.get(), Type::kJob, std::string_view(&flags, 1), true, memory.get())) {
    return errno_error("giving the container's monitor its job");
  }
  return {};
}

Result<pid_t> Launch::started() {
  TRY_SET(Packet packet, expect(socket_.get(), {Type::kStarted}));
  runtime::Reader reader(packet.data);
  std::int32_t pid = 0;
  reader.get(pid);
  return static_cast<pid_t>(pid);
}

Attachment Launch::attachment() && {
  return Attachment(std::move(socket_));
}

}  // namespace creel::engine::monitor
