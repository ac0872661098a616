// Small images into a store and out of it again.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>

#include "engine/image/transfer/install.h"
#include "tests/unit/transfer/helpers.h"

using namespace creel;
using namespace creel::engine;
using creel::test::TempDir;

namespace {

struct Image {
  std::string layer, config, manifest;
};

// One layer, uncompressed: its digest is its DiffID.
Image image_of(const TempDir& dir, const std::string& content, const std::string& diff_id = {}) {
  Image out;
  out.layer = test::tar_of(dir, {{"etc/motd", content}});
  const auto blob = transfer::text_blob(out.layer);
  out.config =
      R"({"architecture":"amd64","os":"linux","config":{"Cmd":["x"]},"rootfs":{"type":"layers","diff_ids":[")" +
      (diff_id.empty() ? blob.digest.text() : diff_id) + R"("]}})";
  const auto config = transfer::text_blob(out.config);
  out.manifest = R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
                 config.digest.text() + R"(","size":)" + std::to_string(out.config.size()) +
                 R"(},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" +
                 blob.digest.text() + R"(","size":)" + std::to_string(out.layer.size()) + "}]}";
  return out;
}

void write_oci(const std::string& path, const Image& image, const std::string& layer_bytes) {
  const auto blob = [](const std::string& bytes) { return "blobs/sha256/" + transfer::text_blob(bytes).digest.hex(); };
  const std::string index =
      R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
      transfer::text_blob(image.manifest).digest.text() + R"(","size":)" + std::to_string(image.manifest.size()) +
      R"(,"annotations":{"org.opencontainers.image.ref.name":"small:1"}}]})";
  test::write_tar(path, {{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"},
                         {"index.json", index},
                         {blob(image.config), image.config},
                         {blob(image.manifest), image.manifest},
                         {blob(image.layer), layer_bytes}});
}

std::vector<storage::ImageRecord> images_in(Engine& engine) {
  auto store = engine.store();
  REQUIRE(store.ok());
  auto images = (*store)->images();
  REQUIRE(images.ok());
  return std::move(*images);
}

std::size_t staged(const TempDir& dir) {
  auto names = list_dir(dir.path("store/staging"));
  REQUIRE(names.ok());
  return static_cast<std::size_t>(std::count_if(names->begin(), names->end(), [&](const std::string& name) {
    return name.find('.') == std::string::npos && name != "boot";
  }));
}

}  // namespace

TEST_CASE("an OCI archive goes in; the layer is unpacked; it comes out with the same digest" *
          doctest::skip(!test::can_unpack())) {
  const TempDir dir;
  Engine engine = test::engine_in(dir);
  const Image image = image_of(dir, "welcome");
  write_oci(dir.path("in.tar"), image, image.layer);
  test::Silent silent;
  auto loaded = transfer::load(engine, test::input(dir.path("in.tar")), "in.tar", {}, silent);
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().text);
  CHECK(loaded->names == std::vector<std::string>{"localhost/small:1"});
  const auto images = images_in(engine);
  REQUIRE(images.size() == 1);
  CHECK(images[0].manifest == transfer::text_blob(image.manifest).digest);
  CHECK(images[0].id == transfer::text_blob(image.config).digest.hex());
  CHECK(*read_file(engine.paths().layer(images[0].diff_ids[0].hex()) + "/etc/motd") == "welcome");
  CHECK(staged(dir) == 0);

  for (const auto format : {transfer::ArchiveFormat::kOciArchive, transfer::ArchiveFormat::kDockerArchive}) {
    const std::string out = dir.path("out.tar"), again = dir.path("again.tar");
    for (const std::string& path : {out, again}) {
      auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
      REQUIRE(fd.ok());
      const auto saved = transfer::save(engine, {"small:1"}, {.format = format}, fd->get(), silent);
      REQUIRE_MESSAGE(saved.ok(), saved.error().text);
    }
    CHECK(*read_file(out) == *read_file(again));
    const TempDir other;
    Engine second = test::engine_in(other);
    auto back = transfer::load(second, test::input(out), "out.tar", {}, silent);
    REQUIRE_MESSAGE(back.ok(), back.error().text);
    CHECK(back->names == loaded->names);
    CHECK(images_in(second)[0].id == images[0].id);
    if (format == transfer::ArchiveFormat::kOciArchive) CHECK(images_in(second)[0].manifest == images[0].manifest);
  }
}

TEST_CASE("wrong bytes, a wrong DiffID, a wrong size: refused, nothing named, nothing staged" *
          doctest::skip(!test::can_unpack())) {
  const TempDir dir;
  Engine engine = test::engine_in(dir);
  test::Silent silent;
  const auto refused = [&](const char* what) {
    auto loaded = transfer::load(engine, test::input(dir.path("in.tar")), "in.tar", {}, silent);
    INFO(what);
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().text.find("mismatch") != std::string::npos);
    CHECK(images_in(engine).empty());
    CHECK(staged(dir) == 0);
    CHECK(list_dir(dir.path("store/layers"))->empty());
  };
  const Image image = image_of(dir, "welcome");
  const Image other = image_of(dir, "changed");
  write_oci(dir.path("in.tar"), image, other.layer);
  refused("other bytes of the same length");
  write_oci(dir.path("in.tar"), image, image.layer + std::string(512, '\0'));
  auto longer = transfer::load(engine, test::input(dir.path("in.tar")), "in.tar", {}, silent);
  REQUIRE_FALSE(longer.ok());
  CHECK(longer.error().text.find("longer than") != std::string::npos);
  const Image lying = image_of(dir, "welcome", "sha256:" + std::string(64, 'a'));
  write_oci(dir.path("in.tar"), lying, lying.layer);
  refused("a DiffID that the layer has not");
}

TEST_CASE("import: a tar becomes an image; bad flags are told before a byte is read" *
          doctest::skip(!test::can_unpack())) {
  const TempDir dir;
  Engine engine = test::engine_in(dir);
  test::Silent silent;
  test::write_tar(dir.path("root.tar"), {{"hello", "world"}});
  auto bad = transfer::import(engine, test::input(dir.path("root.tar")), "root.tar", {.changes = {"NOSUCH x"}}, silent);
  REQUIRE_FALSE(bad.ok());
  CHECK(images_in(engine).empty());
  auto id = transfer::import(engine, test::input(dir.path("root.tar")), "root.tar",
                             {.reference = "made:1", .message = "why", .changes = {"USER 5"}}, silent);
  REQUIRE_MESSAGE(id.ok(), id.error().text);
  const auto images = images_in(engine);
  REQUIRE(images.size() == 1);
  CHECK(images[0].id == *id);
  CHECK(images[0].names == std::vector<std::string>{"localhost/made:1"});
  CHECK(images[0].config.find("\"User\":\"5\"") != std::string::npos);
  CHECK(images[0].config.find("\"comment\":\"why\"") != std::string::npos);
  CHECK(*read_file(engine.paths().layer(images[0].diff_ids[0].hex()) + "/hello") == "world");
}
