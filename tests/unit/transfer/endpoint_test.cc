// Layouts, archives and directories as the ends that an image moves between.
#include "engine/image/transfer/endpoint.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/image/transfer/install.h"
#include "registry/archive/layout_index.h"
#include "tests/unit/transfer/helpers.h"

using namespace creel;
using namespace creel::engine;
using namespace creel::engine::transfer;
using creel::test::TempDir;
using registry::archive::LayoutIndex;
using registry::archive::Member;
namespace oci = registry::oci;

namespace {

Member member_of(const TempDir& dir, const std::string& bytes) {
  REQUIRE(write_atomic(dir.path("bytes"), bytes).ok());
  return Member{std::make_shared<const Fd>(test::input(dir.path("bytes"))), 0, std::ssize(bytes)};
}

struct Image {
  std::string layer, config, manifest;
};

Image image_of(const TempDir& dir, const std::string& content) {
  Image out;
  out.layer = test::tar_of(dir, {{"motd", content}});
  const oci::Descriptor layer{
      .media_type = oci::kOciLayer, .digest = text_blob(out.layer).digest, .size = std::ssize(out.layer)};
  out.config = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + layer.digest.text() +
               R"("]}})";
  const oci::Descriptor config{
      .media_type = oci::kOciConfig, .digest = text_blob(out.config).digest, .size = std::ssize(out.config)};
  out.manifest = oci::make_manifest(config, {layer}, false);
  return out;
}

registry::Location location(const std::string& text) {
  auto parsed = registry::parse_location(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

Result<void> send(const TempDir& dir, Engine& engine, const std::string& where, const Image& image) {
  test::Silent silent;
  TRY_SET(const auto out, open_destination(engine, location(where), {}));
  TRY_SET(const oci::Manifest manifest, oci::parse_manifest(image.manifest, oci::kOciManifest));
  REQUIRE(out->takes(oci::kOciManifest));
  TRY_SET(const bool there, out->has(manifest.layers[0]));
  if (!there) TRY(out->put(manifest.layers[0], member_of(dir, image.layer), silent));
  TRY(out->put(manifest.config, member_of(dir, image.config), silent));
  TRY(out->put_manifest(text_blob(image.manifest), oci::kOciManifest, true));
  return out->finish();
}

std::string fetched(ImageSource& source, const oci::Descriptor& blob) {
  std::string out;
  REQUIRE(source
              .fetch(blob,
                     [&](std::string_view bytes) -> Result<void> {
                       out.append(bytes);
                       return {};
                     })
              .ok());
  return out;
}

void check_source(Engine& engine, const std::string& where, const Image& image) {
  INFO(where);
  auto source = open_source(engine, location(where), {});
  REQUIRE_MESSAGE(source.ok(), source.error().text);
  const auto manifest = (*source)->manifest({});
  REQUIRE_MESSAGE(manifest.ok(), manifest.error().text);
  CHECK(manifest->text == image.manifest);
  const auto parsed = oci::parse_manifest(manifest->text, manifest->media_type);
  REQUIRE(parsed.ok());
  CHECK(fetched(**source, parsed->config) == image.config);
  CHECK(fetched(**source, parsed->layers[0]) == image.layer);
  CHECK((*source)->manifest(text_blob(image.manifest).digest).ok());
  const auto absent = (*source)->manifest(text_blob("absent").digest);
  REQUIRE_FALSE(absent.ok());
  CHECK(absent.error().code == Code::kNotFound);
}

}  // namespace

TEST_CASE("an image goes out and comes back byte for byte: oci, oci-archive, dir, docker-archive") {
  const TempDir dir;
  Engine engine = test::engine_in(dir);
  REQUIRE(engine.store(storage::Store::Access::kWrite).ok());
  const Image image = image_of(dir, "one");
  for (const std::string& where : {"oci:" + dir.path("layout") + ":small:1", "oci-archive:" + dir.path("a.tar"),
                                   "dir:" + dir.path("dir"), "docker-archive:" + dir.path("d.tar") + ":small:1"}) {
    const auto sent = send(dir, engine, where, image);
    REQUIRE_MESSAGE(sent.ok(), sent.error().text);
    check_source(engine, where, image);
  }
  auto source = open_source(engine, location("docker-archive:" + dir.path("d.tar")), {});
  REQUIRE(source.ok());
  CHECK((*source)->names() == std::vector<std::string>{"docker.io/library/small:1"});
  CHECK((*source)->made_up());
}

TEST_CASE("an OCI layout is added to: other images stay, a name moves") {
  const TempDir dir;
  Engine engine = test::engine_in(dir);
  const std::string layout = "oci:" + dir.path("layout");
  const Image one = image_of(dir, "one"), two = image_of(dir, "two");
  REQUIRE(send(dir, engine, layout + ":a", one).ok());
  REQUIRE(send(dir, engine, layout + ":b", two).ok());
  check_source(engine, layout + ":a", one);
  check_source(engine, layout + ":b", two);
  const auto several = open_source(engine, location(layout), {});
  REQUIRE_FALSE(several.ok());
  CHECK(several.error().text.find("there is a, b") != std::string::npos);
  REQUIRE(send(dir, engine, layout + ":a", two).ok());
  check_source(engine, layout + ":a", two);
  const auto text = read_file(dir.path("layout/index.json"));
  REQUIRE(text.ok());
  const auto index = LayoutIndex::parse(*text);
  REQUIRE(index.ok());
  CHECK(index->entries().size() == 3);  // one, nameless now; two as b; two as a
  CHECK(index->entries()[0].names.empty());
  check_source(engine, layout + ":@0", one);
}

TEST_CASE("what is no image's directory is not written to; an image in one is replaced") {
  const TempDir dir;
  Engine engine = test::engine_in(dir);
  const Image one = image_of(dir, "one"), two = image_of(dir, "two");
  REQUIRE(mkdir(dir.path("other").c_str(), 0755) == 0);
  REQUIRE(write_atomic(dir.path("other/thesis.txt"), "years of work").ok());
  for (const char* transport : {"oci:", "dir:"}) {
    const auto refused = open_destination(engine, location(transport + dir.path("other")), {});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::kInvalid);
  }
  CHECK(list_dir(dir.path("other"))->size() == 1);
  REQUIRE(send(dir, engine, "dir:" + dir.path("dir"), one).ok());
  REQUIRE(write_atomic(dir.path("dir/notes"), "mine").ok());
  REQUIRE(send(dir, engine, "dir:" + dir.path("dir"), two).ok());
  check_source(engine, "dir:" + dir.path("dir"), two);
  CHECK(list_dir(dir.path("dir"))->size() == 5);  // version, manifest, config, layer, notes
}

TEST_CASE("an archive appears whole or not at all; the same images give the same bytes") {
  const TempDir dir;
  Engine engine = test::engine_in(dir);
  const Image image = image_of(dir, "one");
  const std::string path = dir.path("a.tar");
  {
    auto abandoned = open_destination(engine, location("oci-archive:" + path), {});
    REQUIRE(abandoned.ok());
    REQUIRE((*abandoned)->put_manifest(text_blob(image.manifest), oci::kOciManifest, true).ok());
    CHECK_FALSE(path_exists(path));
  }
  const auto left = list_dir(dir.path());
  REQUIRE(left.ok());
  for (const std::string& name : *left) CHECK(name.find("a.tar") == std::string::npos);
  REQUIRE(send(dir, engine, "oci-archive:" + path + ":x", image).ok());
  const auto first = read_file(path);
  REQUIRE(send(dir, engine, "oci-archive:" + path + ":x", image).ok());
  CHECK(*first == *read_file(path));
}

TEST_CASE("the index of a layout: members that we do not know stay; hostile ones are refused") {
  const std::string digest = text_blob("x").digest.text();
  const std::string text =
      R"({"schemaVersion":2,"annotations":{"of":"the index"},"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
      digest + R"(","size":1,"artifactType":"kept","annotations":{"io.containerd.image.name":"docker.io/a/b:1",)" +
      R"("org.opencontainers.image.ref.name":"1"}}]})";
  auto index = LayoutIndex::parse(text);
  REQUIRE(index.ok());
  for (const char* name : {"docker.io/a/b:1", "1", "@0", ""}) CHECK(index->find(name).ok());
  for (const char* name : {"2", "@1"}) {
    const auto found = index->find(name);
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().code == Code::kNotFound);
  }
  index->add({.media_type = oci::kOciManifest, .digest = text_blob("y").digest, .size = 1}, "1");
  CHECK(index->text().find("\"of\":\"the index\"") != std::string::npos);
  CHECK(index->text().find("\"artifactType\":\"kept\"") != std::string::npos);
  CHECK(index->find("1")->digest == text_blob("y").digest);
  CHECK(index->find("docker.io/a/b:1")->digest.text() == digest);
  for (const char* bad : {"", "[]", "{}", R"({"schemaVersion":2,"manifests":[{"digest":"sha256:../../x"}]})"}) {
    CHECK_FALSE(LayoutIndex::parse(bad).ok());
  }
}

TEST_CASE("a source does not give what its digest denies") {
  const TempDir dir;
  Engine engine = test::engine_in(dir);
  const Image one = image_of(dir, "one"), two = image_of(dir, "two");
  REQUIRE(send(dir, engine, "oci:" + dir.path("layout"), one).ok());
  REQUIRE(write_atomic(dir.path("layout/blobs/sha256/") + text_blob(one.manifest).digest.hex(), two.manifest).ok());
  auto source = open_source(engine, location("oci:" + dir.path("layout")), {});
  REQUIRE(source.ok());
  const auto lying = (*source)->manifest({});
  REQUIRE_FALSE(lying.ok());
  CHECK(lying.error().text.find("digest mismatch") != std::string::npos);
}
