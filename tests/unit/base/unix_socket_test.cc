#include "base/unix_socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/file.h"
#include "tests/unit/base/support.h"

using namespace creel;

TEST_CASE("unix socket: a directory's path may be longer than an address") {
  const test::TempDir temporary;
  std::string deep = temporary.path();
  while (deep.size() < 300) deep += "/a-directory-with-a-long-name";
  REQUIRE(make_dirs(deep, 0700).ok());
  Fd dir = *open_file(deep, O_PATH | O_DIRECTORY);
  CHECK(connect_unix(dir.get(), "socket", SOCK_STREAM).error().err == ENOENT);
  auto listener = listen_unix(dir.get(), "socket", SOCK_STREAM, 1);
  REQUIRE(listener.ok());
  CHECK(listen_unix(dir.get(), "socket", SOCK_STREAM, 1).error().err == EADDRINUSE);
  CHECK(connect_unix(dir.get(), "socket", SOCK_STREAM).ok());
  CHECK(connect_unix(AT_FDCWD, deep + "/socket", SOCK_STREAM).ok());
  listener->reset();
  CHECK(connect_unix(dir.get(), "socket", SOCK_STREAM).error().err == ECONNREFUSED);
  CHECK(listen_unix(dir.get(), "a/b", SOCK_STREAM, 1).error().code == Code::kInvalid);
  CHECK(listen_unix(dir.get(), std::string(65, 'a'), SOCK_STREAM, 1).error().code == Code::kInvalid);
}

TEST_CASE("unix socket: a descriptor goes along, and what was said before a reset is heard") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  Fd ours(ends[0]), theirs(ends[1]);
  int pipe_ends[2];
  REQUIRE(pipe2(pipe_ends, O_CLOEXEC) == 0);
  Fd read_end(pipe_ends[0]), write_end(pipe_ends[1]);
  char word[] = "word";
  iovec io{word, 4};
  REQUIRE(send_with_fd(ours.get(), &io, 1, -1) == 4);  // never read
  REQUIRE(send_with_fd(theirs.get(), &io, 1, write_end.get()) == 4);
  theirs.reset();
  write_end.reset();
  char room[16];
  iovec into{room, sizeof(room)};
  Fd came;
  REQUIRE(receive_with_fd(ours.get(), &into, 1, came) == 4);
  CHECK(std::string(room, 4) == "word");
  REQUIRE(came.valid());
  CHECK((fcntl(came.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(write(came.get(), "x", 1) == 1);
  CHECK(read(read_end.get(), room, 1) == 1);
  CHECK(receive_with_fd(ours.get(), &into, 1, came) <= 0);
  CHECK(send_with_fd(ours.get(), &io, 1, -1) == -1);
  CHECK(errno == EPIPE);
}
