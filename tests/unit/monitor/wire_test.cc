// The job and the packets: what crosses between the CLI and a monitor.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/monitor/shared/job.h"
#include "engine/monitor/shared/protocol.h"

using namespace creel;
using namespace creel::engine::monitor;

namespace {

Job example() {
  Job job;
  job.id = "0123";
  job.container_dir = "/store/containers/0123";
  job.running_dir = "/run/containers/0123";
  job.runtime_dir = "/run";
  job.user_namespace = true;
  job.open_stdin = true;
  job.keep_record = false;
  job.log_driver = LogDriver::kJsonFile;
  job.log_path = "/log";
  job.log_max_size = 1'000'000'000'000;
  job.log_max_files = 7;
  job.pidfile = "/p";
  job.conmon_pidfile = "/c";
  job.cleanup_argv = {"creel", "__cleanup", "0123"};
  job.network = {{"slirp4netns", "@NETNS@"}, {"{}"}, {"8080"}};
  job.plan.process.args = {"sh", "-c", std::string("nul\0byte", 8)};
  job.plan.process.seccomp = std::string(64, '\x80');
  job.plan.hostname = "host";
  job.plan.mounts.resize(3);
  job.plan.sysctl = {{"a", "b"}};
  return job;
}

struct Sockets {
  Fd ours, theirs;
  Sockets() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    ours = Fd(ends[0]);
    theirs = Fd(ends[1]);
  }
};

}  // namespace

TEST_CASE("a job comes back as it was sent") {
  const Job job = example();
  auto again = decode_job(encode(job));
  REQUIRE(again.ok());
  CHECK(again->id == job.id);
  CHECK(again->keep_record == false);
  CHECK(again->open_stdin);
  CHECK(again->log_driver == LogDriver::kJsonFile);
  CHECK(again->log_max_size == job.log_max_size);
  CHECK(again->log_max_files == 7);
  CHECK(again->cleanup_argv == job.cleanup_argv);
  CHECK(again->network.port_names == job.network.port_names);
  CHECK(again->plan.process.args == job.plan.process.args);
  CHECK(again->plan.process.seccomp == job.plan.process.seccomp);
  CHECK(again->plan.mounts.size() == 3);
  // All of it, by comparing what it is encoded to.
  CHECK(encode(*again) == encode(job));
}

TEST_CASE("a job that was cut short or lengthened is refused") {
  const std::string whole = encode(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    REQUIRE(!decode_job(std::string_view(whole).substr(0, size)).ok());
  }
  CHECK(!decode_job(whole + 'x').ok());
  auto refused = decode_job("nonsense");
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == Code::kInvalid);
  CHECK(!refused.error().hint.empty());
}

TEST_CASE("a job with any byte changed is refused or decoded, in bounded memory") {
  const std::string whole = encode(example());
  std::size_t decoded = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned char change : {0x01, 0x80, 0xff}) {
      std::string hostile = whole;
      hostile[at] = static_cast<char>(static_cast<unsigned char>(hostile[at]) ^ change);
      auto job = decode_job(hostile);
      if (!job.ok()) continue;
      ++decoded;
      REQUIRE(encode(*job).size() <= whole.size() + 64);
    }
  }
  CHECK(decoded > 0);
  // A list that claims four thousand million items.
  std::string claims = whole;
  claims.replace(8, 4, std::string(4, '\xff'));
  CHECK(!decode_job(claims).ok());
}

TEST_CASE("packets: type, data, descriptor, in order") {
  Sockets s;
  const std::string most(kChunk, 'm');
  REQUIRE(send_packet(s.ours.get(), Type::kStdout, most));
  REQUIRE(send_packet(s.ours.get(), Type::kStdinEof, {}));
  Fd null = open_file("/dev/null", O_RDONLY).value();
  REQUIRE(send_packet(s.ours.get(), Type::kJob, "x", true, null.get()));
  auto first = receive_packet(s.theirs.get());
  REQUIRE(first.ok());
  CHECK(first->type == Type::kStdout);
  CHECK(first->data == most);
  CHECK(!first->fd.valid());
  auto second = receive_packet(s.theirs.get());
  CHECK(second->type == Type::kStdinEof);
  CHECK(second->data.empty());
  CHECK(!second->closed);
  auto third = receive_packet(s.theirs.get());
  CHECK(third->type == Type::kJob);
  REQUIRE(third->fd.valid());
  CHECK((fcntl(third->fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("packets: the other side is gone; the other side does not read") {
  Sockets s;
  std::size_t sent = 0;
  const std::string chunk(kChunk, 'c');
  while (send_packet(s.ours.get(), Type::kStdout, chunk, false)) ++sent;
  CHECK(errno == EAGAIN);
  CHECK(sent > 0);
  for (std::size_t i = 0; i < sent; ++i) REQUIRE(receive_packet(s.theirs.get())->data.size() == kChunk);
  s.ours.reset();
  auto end = receive_packet(s.theirs.get());
  REQUIRE(end.ok());
  CHECK(end->closed);
  CHECK(!send_packet(s.theirs.get(), Type::kStdin, "x"));
  CHECK(errno == EPIPE);
}
