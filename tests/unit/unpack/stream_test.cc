// Compression, digests, and streams that break.
#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "storage/unpack/block_pipe.h"
#include "storage/unpack/decompress.h"
#include "tests/unit/unpack/support.h"

using namespace unpack_test;

namespace {

// Text that compresses to about half, over several blocks of the pipe.
std::string sample() {
  std::mt19937 random(7);
  Tar tar;
  std::string data;
  for (int i = 0; i < 300000; ++i) data += static_cast<char>('a' + random() % 16);
  tar.dir("d");
  for (int i = 0; i < 5; ++i) tar.file("d/f" + std::to_string(i), data.substr(static_cast<std::size_t>(i) * 1000));
  return tar.end();
}

void check_invalid(const std::string& bytes, const std::string& text) {
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{1} << 20}) {
    Target target;
    const auto unpacked = target.unpack(bytes, piece);
    REQUIRE_MESSAGE(!unpacked.ok(), text);
    CHECK(unpacked.error().code == Code::kInvalid);
    CHECK_MESSAGE(contains(unpacked.error().text, text), unpacked.error().text);
  }
}

}  // namespace

TEST_CASE("SHA-256") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("every compression gives the same tree and DiffID, however the bytes come") {
  const std::string tar = sample();
  for (const std::string filter : {"none", "gzip", "zstd", "xz", "bzip2"}) {
    const std::string blob = filter == "none" ? tar : compress(tar, filter);
    for (const std::size_t piece : {std::size_t{333}, std::size_t{70000}, std::size_t{4} << 20}) {
      CAPTURE(filter);
      CAPTURE(piece);
      Target target;
      const auto unpacked = target.unpack(blob, piece);
      REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
      CHECK(unpacked->diff_id.hex() == sha256(tar));
      CHECK(unpacked->blob.hex() == sha256(blob));
      CHECK(unpacked->blob_size == static_cast<std::int64_t>(blob.size()));
      CHECK(unpacked->tree_size == 5 * 300000 - 10000);
      CHECK(target.stat("d/f4").st_size == 296000);
    }
  }
}

TEST_CASE("from a descriptor") {
  Target target;
  const std::string blob = compress(sample(), "gzip");
  REQUIRE(write_atomic(target.path("layer"), blob).ok());
  auto file = open_file(target.path("layer"), O_RDONLY);
  const auto unpacked = unpack_file(file->get(), target.fd(), {});
  REQUIRE(unpacked.ok());
  CHECK(unpacked->blob.hex() == sha256(blob));
}

TEST_CASE("inflating byte by byte: members, padding, headers with all fields") {
  const std::string text = "some text, some text, some text";
  std::string plain = compress(text, "gzip");
  // FEXTRA, FNAME and FCOMMENT, as estargz and others write them.
  std::string full = plain.substr(0, 3) + '\x1c' + plain.substr(4, 6) +
                     std::string(
                         "\x04\x00"
                         "abcd",
                         6) +
                     std::string("name\0comment\0", 13);
  const std::size_t body = (plain[3] & 8) != 0 ? plain.find('\0', 10) + 1 : 10;
  full += plain.substr(body);
  const std::string blob = plain + full + plain + std::string(700, '\0');
  Input* in = nullptr;
  for (const std::size_t room : {std::size_t{1}, std::size_t{5}, std::size_t{4096}}) {
    CAPTURE(room);
    const Source source = pieces(blob, 1);
    Input input(source);
    in = &input;
    auto decompressor = open_decompressor(*in);
    REQUIRE(decompressor.ok());
    std::string out;
    std::vector<unsigned char> buffer(room);
    for (;;) {
      auto n = (*decompressor)->read(buffer);
      REQUIRE_MESSAGE(n.ok(), n.error().text);
      out.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
      if (*n < room) break;
    }
    CHECK(out == text + text + text);
    CHECK(input.size() == static_cast<std::int64_t>(blob.size()));
  }
}

TEST_CASE("corrupt streams are told from corrupt archives") {
  const std::string tar = sample();
  const std::string gzip = compress(tar, "gzip");
  std::string bad_crc = gzip;
  bad_crc[gzip.size() - 8] ^= 1;
  check_invalid(bad_crc, "checksum does not match");
  check_invalid(gzip.substr(0, gzip.size() / 2), "gzip data: truncated");
  check_invalid(gzip.substr(0, gzip.size() - 3), "gzip data: truncated");
  check_invalid(gzip + "rest", "gzip data: unexpected bytes");
  check_invalid(gzip + std::string(100, '\0') + gzip, "gzip data: unexpected bytes");
  const std::string zstd = compress(tar, "zstd");
  check_invalid(zstd.substr(0, zstd.size() / 2), "zstd data: truncated");
  check_invalid(zstd + "rest", "zstd data");
  const std::string xz = compress(tar, "xz");
  check_invalid(xz.substr(0, xz.size() / 2), "xz data");
  const std::string bzip2 = compress(tar, "bzip2");
  check_invalid(bzip2.substr(0, bzip2.size() / 2), "bzip2 data");
  check_invalid(std::string(10000, 'g'), "read archive");
}

TEST_CASE("bytes after the archive's end belong to the DiffID") {
  const std::string tar = Tar().file("f").end() + std::string(3 << 20, 'r');
  Target target;
  const auto unpacked = target.unpack(compress(tar, "gzip"));
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  CHECK(unpacked->diff_id.hex() == sha256(tar));
  check_invalid(compress(tar, "gzip").substr(0, 2000), "truncated");
}

TEST_CASE("a source's error is the error, and ends it") {
  const std::string blob = compress(sample(), "gzip");
  int calls = 0;
  const Source source = [&]() -> Result<std::string_view> {
    if (++calls == 2) return fail(Code::kFailed, "connection lost");
    return std::string_view(blob).substr(0, 100000);
  };
  Target target;
  const auto unpacked = unpack_layer(source, target.fd(), {});
  REQUIRE(!unpacked.ok());
  CHECK(unpacked.error().text == "connection lost");
  CHECK(calls == 2);
}

TEST_CASE("a refused entry ends an endless source") {
  const std::string start = Tar().file("../x").open_end() + std::string(1 << 20, 'x');
  Target target;
  const auto unpacked =
      unpack_layer([&]() -> Result<std::string_view> { return std::string_view(start); }, target.fd(), {});
  REQUIRE(!unpacked.ok());
  CHECK(contains(unpacked.error().text, "../x"));
}

TEST_CASE("truncated anywhere, an archive is unpacked up to there or refused") {
  Tar tar;
  tar.dir("d")
      .file("d/one", std::string(700, '1'))
      .add({.name = "d/two", .data = "22", .pax = {{"path", std::string(150, 't')}}});
  tar.symlink("s", "d/one").hard_link("h", "d/one");
  const std::string bytes = tar.end();
  int refused = 0;
  for (std::size_t size = 0; size <= bytes.size(); size += 256) {
    Target target;
    const auto unpacked = target.unpack(bytes.substr(0, size));
    CAPTURE(size);
    if (unpacked.ok()) {
      // Padding alone may be missing.
      if (target.has("d/one")) CHECK(target.read("d/one") == std::string(700, '1'));
      CHECK(unpacked->diff_id.hex() == sha256(bytes.substr(0, size)));
    } else {
      ++refused;
      CHECK(unpacked.error().code == Code::kInvalid);
    }
    CHECK(target.outside_is_untouched());
  }
  CHECK(refused > 8);
}

TEST_CASE("flipped bits never reach outside") {
  Tar tar;
  tar.dir("d").file("d/one", "1").add({.name = "two", .pax = {{"path", "d/two"}, {"SCHILY.xattr.user.a", "b"}}});
  tar.symlink("s", "../outside").hard_link("h", "d/one").file("d/.wh.w", "").file("d/.wh..wh..opq", "").file("s/x");
  const std::string good = tar.end();
  std::mt19937 random(20240607);
  Target target;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  int ended = 0;
  for (int i = 0; i < 4000 && (i <= 120 || std::chrono::steady_clock::now() < until); ++i) {
    std::string bytes = good;
    const std::size_t header = random() % (bytes.size() / 512) * 512;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
      bytes[header + random() % 512] ^= static_cast<char>(1U << random() % 8);
    }
    // Else nearly all would end at the checksum.
    std::string sealed = bytes.substr(header, 512);
    if (random() % 4 != 0) Tar::seal(sealed);
    bytes.replace(header, 512, sealed);
    const auto unpacked = target.unpack(i % 8 == 0 ? compress(bytes, "gzip") : bytes);
    if (unpacked.ok() || !unpacked.error().text.empty()) ++ended;
    auto names = list_dir(target.fd());
    REQUIRE(names.ok());
    for (const auto& name : *names) REQUIRE(remove_tree_at(target.fd(), name).ok());
    if (!target.outside_is_untouched()) FAIL("iteration ", i);
  }
  CHECK(ended > 100);
}

TEST_CASE("flipped bits of compressed streams end in an error or a tree") {
  const std::string tar = Tar().file("f", std::string(3000, 'f') + "tail").end();
  std::mt19937 random(99);
  int refused = 0;
  for (const std::string filter : {"gzip", "zstd"}) {
    const std::string good = compress(tar, filter);
    for (int i = 0; i < 300; ++i) {
      std::string bytes = good;
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
      const Source source = pieces(bytes, 64);
      Input input(source);
      auto opened = open_decompressor(input);
      if (!opened) {
        ++refused;
        continue;
      }
      std::vector<unsigned char> out(1000);
      for (;;) {
        auto n = (*opened)->read(out);
        if (!n) ++refused;
        if (!n || *n < out.size()) break;
      }
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("the pipe: both consumers see every block in order, and stopping wakes all") {
  BlockPipe pipe(3, 16);
  std::string seen[2];
  std::thread readers[2];
  for (int i = 0; i < 2; ++i) {
    readers[i] = std::thread([&, i] {
      for (std::string_view block; !(block = pipe.next(i)).empty();) seen[i] += block;
    });
  }
  std::string sent;
  for (int i = 0; i < 500; ++i) {
    const auto block = pipe.acquire();
    const std::string text = std::to_string(i) + ",";
    std::copy(text.begin(), text.end(), block.begin());
    pipe.publish(text.size());
    sent += text;
  }
  pipe.close(BlockPipe::End::kFinished);
  for (auto& reader : readers) reader.join();
  CHECK(seen[0] == sent);
  CHECK(seen[1] == sent);

  BlockPipe stopped(1, 16);
  stopped.acquire();
  stopped.publish(1);
  std::thread stopper([&] { stopped.stop(); });
  CHECK(stopped.acquire().empty());
  stopper.join();
  CHECK(stopped.next(0).empty());
}
