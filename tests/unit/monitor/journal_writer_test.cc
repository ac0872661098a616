#include "engine/monitor/process/journal_writer.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/unix_socket.h"
#include "tests/unit/monitor/temporary_dir.h"

using namespace creel;
using namespace creel::engine::monitor;

namespace {

std::string received(const Fd& socket) {
  char buffer[65536];
  const ssize_t got = recv(socket.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
  return got < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(got));
}

}  // namespace

TEST_CASE("journal: a line is an entry; bytes are bytes") {
  TemporaryDir dir;
  const std::string path = dir.path + "/journal";
  auto at = open_file(dir.path, O_RDONLY | O_DIRECTORY);
  REQUIRE(at.ok());
  auto socket = listen_unix(at->get(), "journal", SOCK_DGRAM, 0);
  REQUIRE(socket.ok());
  auto writer = JournalWriter::open("CONTAINER_NAME=web\n", path.c_str());
  REQUIRE(writer.ok());
  writer->write(false, false, std::string_view("a\0b", 3));
  CHECK(received(*socket) ==
        "CONTAINER_NAME=web\nPRIORITY=6\nMESSAGE\n" + std::string("\3\0\0\0\0\0\0\0", 8) + std::string("a\0b\n", 4));
  writer->write(true, true, "part");
  CHECK(received(*socket) == "CONTAINER_NAME=web\nPRIORITY=3\nCONTAINER_PARTIAL_MESSAGE=true\nMESSAGE\n" +
                                 std::string("\4\0\0\0\0\0\0\0", 8) + "part\n");
  writer->end(42, 3);
  CHECK(received(*socket) ==
        "CONTAINER_NAME=web\nPRIORITY=6\nCREEL_RUN_ENDED=42\nMESSAGE=container ended with exit code 3\n");
}

TEST_CASE("journal: none is an error that says so; one that goes away harms nobody") {
  TemporaryDir dir;
  const std::string path = dir.path + "/journal";
  auto none = JournalWriter::open("", path.c_str());
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == Code::kUnavailable);
  auto at = open_file(dir.path, O_RDONLY | O_DIRECTORY);
  REQUIRE(at.ok());
  auto socket = listen_unix(at->get(), "journal", SOCK_DGRAM, 0);
  REQUIRE(socket.ok());
  auto writer = JournalWriter::open("", path.c_str());
  REQUIRE(writer.ok());
  socket->reset();
  writer->write(false, false, "lost");
  // Another journal at the same place gets what is written from then on.
  REQUIRE(unlink(path.c_str()) == 0);
  socket = listen_unix(at->get(), "journal", SOCK_DGRAM, 0);
  REQUIRE(socket.ok());
  writer->write(false, false, "kept");
  CHECK(received(*socket).find("kept") != std::string::npos);
}

TEST_CASE("journal: one that hangs is waited for once, not for each line") {
  TemporaryDir dir;
  const std::string path = dir.path + "/journal";
  auto at = open_file(dir.path, O_RDONLY | O_DIRECTORY);
  REQUIRE(at.ok());
  auto socket = listen_unix(at->get(), "journal", SOCK_DGRAM, 0);
  REQUIRE(socket.ok());
  constexpr int kPatienceMs = 500;
  auto writer = JournalWriter::open("", path.c_str(), kPatienceMs);
  REQUIRE(writer.ok());
  // More than any queue holds; each with a wait would be minutes.
  const std::int64_t begin = now_ns();
  for (int i = 0; i < 2000; ++i) writer->write(false, false, std::to_string(i));
  CHECK((now_ns() - begin) / 1000000 < 20 * kPatienceMs);
  while (received(*socket) != "nothing") continue;
  // It is well again.
  writer->write(false, false, "after");
  CHECK(received(*socket).find("after") != std::string::npos);
}
