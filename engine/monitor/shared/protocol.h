// What the CLI and a monitor say to each other: SOCK_SEQPACKET, one message per packet, its type in the first byte.
// Private to engine/monitor; both ends come from one installation.
//
//   start:   client MAPPED, DESCRIPTOR for each one that the container gets, and for each namespace of another that it joins, JOB (+ memfd), as soon as it can; monitor INSIDE, then STARTED | ERROR (a client that has hung up before the exec has started nothing)
//            a job that is not to be begun: monitor INITIALIZED (pid); later a client ATTACH, START; monitor STARTED | ERROR, then the stream
//   stream:  monitor STDOUT, STDERR, … EXIT;   client STDIN, STDIN_EOF, RESIZE
//            after EXIT of a --rm container: client TAKE_CLEANUP (it removes the record) → FORGOTTEN (the files are left)
//   attach:  client ATTACH first, then the stream
//            after each start but the first one: monitor STARTED; client STOP: it is not to be started again
//   restart: client RESTART (RestartRequest); monitor RESTARTED | ERROR
//   change:  client CHANGE (+ memfd: a LifeChange); monitor CHANGED | ERROR
//   health:  client PROBE; monitor PROBED with how it ended (ProbeResult), or nothing when the container ends first
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::monitor {

enum class Type : char {
  kInside = 'i',
  kMapped = 'M',
  kDescriptor = 'D',
  kJob = 'J',
  kStarted = 's',
  kError = 'e',
  kStdout = 'o',
  kStderr = 'r',
  kExit = 'x',
  kAttach = 'A',
  kStdin = 'I',
  kStdinEof = 'E',
  kResize = 'W',
  kTakeCleanup = 'C',
  kForgotten = 'F',
  kProbe = 'p',
  kProbed = 'P',
  kRestart = 'R',
  kRestarted = 'S',
  kStop = 'T',
  kInitialized = 'n',
  kStart = 'G',
  kChange = 'c',
  kChanged = 'd',
};

// The one byte of JOB.
inline constexpr char kJobAttached = 1, kJobInitializes = 2;

inline constexpr std::size_t kChunk = 32768;  // bytes of stream data in one packet

struct Packet {
  bool closed = false;  // the other side is gone
  Type type = Type::kError;
  std::string data;
  Fd fd;
};

struct WindowSize {
  std::uint16_t rows = 0, columns = 0;
};
struct RestartRequest {
  std::uint32_t timeout_s = 0;
  std::int32_t signal = 0;
};
enum class ProbeResult : char { kHealthy = 0, kFailed = 1, kUnable = 2 };
struct AttachRequest {
  bool want_stdin = false, want_output = false;
};

// Blocks. Errors only for what should not happen; a vanished peer is `closed`. Single-threaded.
Result<Packet> receive_packet(int socket);
// False: the peer is gone. `wait` false: also false with errno EAGAIN when its buffer is full.
bool send_packet(int socket, Type type, std::string_view data, bool wait = true, int fd = -1);

}  // namespace creel::engine::monitor
