// Tars from their records: whole ones, damaged ones, and names that climb.
#include "engine/image/transfer/tar_split.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "registry/encoding.h"
#include "tests/unit/transfer/helpers.h"

using namespace creel;
using creel::test::TempDir;

namespace {

std::string bytes_line(const std::string& bytes) {
  return R"({"type":2,"payload":")" + registry::base64_encode(bytes) + "\"}\n";
}
std::string file_line(const std::string& name, int size) {
  return R"({"type":1,"name":")" + name + R"(","size":)" + std::to_string(size) + "}\n";
}

// What comes out; "error: …" where there was one.
std::string joined(const TempDir& dir, const std::string& record) {
  REQUIRE(write_atomic(dir.path("record"), record).ok());
  const Fd split = test::input(dir.path("record"));
  const Fd files = test::input(dir.path("files"));
  std::string out;
  const auto done = engine::transfer::join_tar(split.get(), files.get(), [&](std::string_view bytes) -> Result<void> {
    out.append(bytes);
    return {};
  });
  return done.ok() ? out : "error: " + done.error().text;
}

}  // namespace

TEST_CASE("a tar is joined from its record and its files; what is damaged or climbs is refused") {
  const TempDir dir;
  REQUIRE(mkdir(dir.path("files").c_str(), 0755) == 0);
  REQUIRE(mkdir(dir.path("files/d").c_str(), 0755) == 0);
  REQUIRE(write_atomic(dir.path("files/d/one"), "content").ok());
  REQUIRE(write_atomic(dir.path("secret"), "secrets").ok());
  REQUIRE(symlink("../secret", dir.path("files/link").c_str()) == 0);
  REQUIRE(symlink("d", dir.path("files/e").c_str()) == 0);
  REQUIRE(mkfifo(dir.path("files/fifo").c_str(), 0600) == 0);
  CHECK(joined(dir, bytes_line("<") + file_line("./d/one", 7) + file_line("d/", 0) + bytes_line(">")) == "<content>");
  // A link of the layer's own leads on inside it.
  CHECK(joined(dir, file_line("e/one", 7)) == "content");
  const std::string raw = registry::base64_encode("d/one");
  CHECK(joined(dir, R"({"type":1,"name_raw":")" + raw + R"(","size":7})") == "content");
  for (const std::string& bad :
       {file_line("../secret", 7), file_line("link", 7), file_line("d/one", 6), file_line("fifo", 7),
        file_line("absent", 1), std::string("{\n"), std::string("[]\n"), std::string(R"({"type":3})"),
        std::string(R"({"type":2,"payload":"*"})"), file_line("d", 4096)}) {
    INFO(bad);
    CHECK(joined(dir, bad).starts_with("error: "));
  }
}
