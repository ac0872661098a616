// Starting a monitor (see client.h).
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/process.h"
#include "base/timing.h"
#include "engine/monitor/client.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

namespace {

// The monitor's answer, or its error, or a word about its silence.
Result<Packet> expect(int socket, Type wanted) {
  TRY_SET(Packet packet, receive_packet(socket));
  if (packet.closed) return fail(Code::kFailed, "the container's monitor was killed while it started");
  if (packet.type == Type::kError) return runtime::decode_error(packet.data);
  if (packet.type == wanted) return packet;
  return fail(Code::kFailed, "the container's monitor is out of step");
}

Result<Fd> in_memory(const std::string& bytes) {
  Fd fd(memfd_create("creel-job", MFD_CLOEXEC));
  if (!fd.valid()) return errno_error("memfd_create");
  TRY(write_all(fd.get(), bytes));
  return fd;
}

}  // namespace

Result<Launch> Launch::begin(rootless::Identity identity, const std::string& runtime_dir, int join) {
  Launch out;
  out.runtime_dir_ = runtime_dir;
  TRY_SET(const std::string program, libexec_program("creel-monitor"));
  std::optional<Fd> live;
  int target = join;
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
  if (out.making_) {
    // Mapped while the monitor is loaded.
    TRY_SET(const rootless::IdMaps maps, rootless::subordinate_maps());
    TRY_SET(rootless::Founder founder, rootless::Founder::make());
    out.founder_.emplace(std::move(founder));
    TRY_SET(out.mappers_, rootless::start_mappers(out.founder_->pid(), maps));
    target = out.founder_->ns();
  }
  out.joining_ = identity == rootless::Identity::kUser;

  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno_error("making a socket pair");
  out.socket_ = Fd(ends[0]);
  Fd theirs(ends[1]);
  TRY_SET(Fd null, open_file("/dev/null", O_RDWR));
  SpawnRequest request;
  request.path = program;
  request.argv = {"creel-monitor", out.joining_ ? "join" : "stay"};
  request.fds = {{null.get(), 0}, {null.get(), 1}, {null.get(), 2}, {theirs.get(), 3}};
  if (out.joining_) request.fds.emplace_back(target, 4);
  request.new_session = true;
  TRY_SET(Process process, spawn(request));
  theirs.reset();
  out.pid_ = process.pid();
  return out;
}

Launch Launch::asked_for(Fd socket) {
  Launch out;
  out.socket_ = std::move(socket);
  return out;
}

void Launch::refuse(const Error& error) { send_packet(socket_.get(), Type::kError, runtime::encode(error)); }

Launch::Launch(Launch&& other) noexcept
    : pid_(other.pid_),
      socket_(std::move(other.socket_)),
      runtime_dir_(std::move(other.runtime_dir_)),
      begin_(other.begin_),
      joining_(other.joining_),
      making_(std::move(other.making_)),
      founder_(std::move(other.founder_)),
      mappers_(std::exchange(other.mappers_, std::nullopt)) {
  other.making_.reset();
  other.founder_.reset();
}

Launch::~Launch() {
  // They would complain of a process that is gone.
  if (mappers_) (void)rootless::finish_mappers(std::move(*mappers_)).ok();
}

Result<void> Launch::give(const Job& job, Begin begin, const std::vector<int>& namespaces) {
  begin_ = begin;
  if (mappers_) {
    TRY(rootless::finish_mappers(std::move(*mappers_)));
    mappers_.reset();
  }
  TRY_SET(Fd memory, in_memory(encode(job)));
  const char flags = begin == Begin::kAttached ? kJobAttached : begin == Begin::kNotYet ? kJobInitializes : '\0';
  // A monitor that is not there any more has said why: started() tells.
  if (joining_) send_packet(socket_.get(), Type::kMapped, {});
  for (const std::uint32_t fd : job.plan.process.preserve_fds) {
    send_packet(socket_.get(), Type::kDescriptor, {}, true, static_cast<int>(fd));
  }
  for (const int fd : namespaces) send_packet(socket_.get(), Type::kDescriptor, {}, true, fd);
  send_packet(socket_.get(), Type::kJob, std::string_view(&flags, 1), true, memory.get());
  if (!joining_) return {};
  TRY(expect(socket_.get(), Type::kInside));
  if (making_) {
    TRY(rootless::publish_namespace(runtime_dir_, pid_));
    making_.reset();
    founder_.reset();
  }
  return {};
}

Result<pid_t> Launch::started() {
  TRY_SET(Packet packet, expect(socket_.get(), begin_ == Begin::kNotYet ? Type::kInitialized : Type::kStarted));
  runtime::Reader reader(packet.data);
  std::int32_t pid = 0;
  reader.get(pid);
  if (timing::enabled && packet.data.size() > sizeof(pid)) timing::merge(std::string_view(packet.data).substr(sizeof(pid)));
  return static_cast<pid_t>(pid);
}

Attachment Launch::attachment() && {
  return Attachment(std::move(socket_));
}

}  // namespace creel::engine::monitor
