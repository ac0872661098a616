// Archives from strangers: what is read, and what is refused.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "registry/archive/decompress.h"
#include "registry/archive/reader.h"
#include "storage/pack/gzip_blocks.h"
#include "tests/unit/transfer/helpers.h"

using namespace creel;
using namespace creel::registry::archive;
using creel::test::Files;
using creel::test::TempDir;

namespace {

Result<Fd> no_spool() {
  return fail(Code::kFailed, "nothing was to be spooled");
}

Result<std::vector<DockerImage>> read_tar(const std::string& path) {
  TRY_SET(const auto files, open_archive(test::input(path), path, no_spool));
  TRY(kind_of(*files, path));
  return read_docker_archive(*files, path);
}

// The text of the error; empty: there was none.
template <typename T>
std::string error_of(const Result<T>& result) {
  return result.ok() ? std::string() : result.error().text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a tar is a set of named files") {
  const TempDir dir;
  test::write_tar(dir.path("a.tar"), {{"one", "1"}, {"d/two", std::string(5000, 'x')}});
  auto files = open_tar(test::input(dir.path("a.tar")), "a.tar");
  REQUIRE(files.ok());
  auto two = (*files)->find("d/two");
  REQUIRE(two.ok());
  REQUIRE(two->has_value());
  CHECK(*read_member_text(**two, 1 << 20, "two") == std::string(5000, 'x'));
  CHECK_FALSE(read_member_text(**two, 10, "two").ok());
  CHECK_FALSE((*(*files)->find("d")).has_value());
  CHECK_FALSE((*(*files)->find("three")).has_value());
}

TEST_CASE("the same files give the same bytes") {
  const TempDir dir;
  const Files files = {{"a/b/c", "content"}, {"a/d", ""}};
  CHECK(test::tar_of(dir, files) == test::tar_of(dir, files));
  CHECK(test::tar_of(dir, files).size() % 512 == 0);
}

TEST_CASE("what is no image archive is refused, and said why") {
  const TempDir dir;
  REQUIRE(write_atomic(dir.path("noise"), std::string(100'000, '\x91')).ok());
  CHECK(contains(error_of(read_tar(dir.path("noise"))), "not an image archive"));
  REQUIRE(write_atomic(dir.path("empty"), "").ok());
  CHECK(contains(error_of(read_tar(dir.path("empty"))), "is empty"));
  test::write_tar(dir.path("other.tar"), {{"hello", "world"}});
  CHECK(contains(error_of(read_tar(dir.path("other.tar"))), "no image archive"));
}

TEST_CASE("a truncated tar is refused") {
  const TempDir dir;
  const std::string whole = test::tar_of(dir, {{"manifest.json", std::string(3000, ' ')}});
  REQUIRE(write_atomic(dir.path("short"), whole.substr(0, 1500)).ok());
  CHECK(contains(error_of(read_tar(dir.path("short"))), "runcated"));
}

TEST_CASE("docker-archive: malformed manifests, missing files, names that climb") {
  const TempDir dir;
  const auto refused = [&](const std::string& manifest, const std::string& why) {
    test::write_tar(dir.path("d.tar"), {{"manifest.json", manifest}, {"c.json", "{}"}});
    const std::string text = error_of(read_tar(dir.path("d.tar")));
    INFO(manifest << " -> " << text);
    CHECK(contains(text, why));
  };
  refused("{", "not valid JSON");
  refused("[]", "no image");
  refused("[1]", "without a Config");
  refused(R"([{"Config":7,"Layers":[]}])", "without a Config");
  refused(R"([{"Config":"c.json"}])", "without Layers");
  refused(R"([{"Config":"absent.json","Layers":[]}])", "absent.json is missing");
  refused(R"([{"Config":"c.json","Layers":["l.tar"]}])", "l.tar is missing");
  refused(R"([{"Config":"c.json","Layers":[{}]}])", "no text");
  refused(R"([{"Config":"../../../../etc/passwd","Layers":[]}])", "missing");
  refused(R"([{"Config":"/etc/passwd","Layers":[]}])", "missing");
}

TEST_CASE("docker-archive: several images, names, layers") {
  const TempDir dir;
  test::write_tar(dir.path("d.tar"),
                  {{"manifest.json", R"([{"Config":"c.json","RepoTags":["a:1","b:2"],"Layers":["l.tar","l.tar"]},
                                                            {"Config":"c.json","RepoTags":null,"Layers":null}])"},
                   {"c.json", "{}"},
                   {"l.tar", "layer"}});
  auto images = read_tar(dir.path("d.tar"));
  REQUIRE(images.ok());
  REQUIRE(images->size() == 2);
  CHECK((*images)[0].names == std::vector<std::string>{"a:1", "b:2"});
  CHECK((*images)[0].layers.size() == 2);
  CHECK((*images)[1].names.empty());
}

TEST_CASE("a directory: links are not followed out of it") {
  const TempDir dir;
  REQUIRE(mkdir(dir.path("set").c_str(), 0755) == 0);
  REQUIRE(write_atomic(dir.path("secret"), "secret").ok());
  REQUIRE(symlink("../secret", dir.path("set/link").c_str()) == 0);
  REQUIRE(mkfifo(dir.path("set/fifo").c_str(), 0600) == 0);
  const auto files = open_directory(test::input(dir.path("set")));
  const auto link = files->find("link");
  CHECK((!link.ok() || !link->has_value()));
  const auto climbing = files->find("../secret");
  CHECK((!climbing.ok() || !climbing->has_value()));
  const auto fifo = files->find("fifo");
  CHECK((!fifo.ok() || !fifo->has_value()));
}

TEST_CASE("gzip there and back; truncated gzip is refused") {
  const std::string plain(300'000, 'p');
  const auto source_from = [](std::string text) {
    return [text = std::move(text), given = false]() mutable -> Result<std::string_view> {
      if (std::exchange(given, true)) return std::string_view();
      return std::string_view(text);
    };
  };
  std::string packed, back;
  const auto into = [](std::string& target) {
    return [&target](std::string_view bytes) -> Result<void> {
      target.append(bytes);
      return {};
    };
  };
  storage::pack::GzipBlocks gzip(into(packed));
  REQUIRE(gzip.append(plain).ok());
  REQUIRE(gzip.finish().ok());
  CHECK(is_compressed(packed));
  CHECK_FALSE(is_compressed(plain));
  REQUIRE(decompress(source_from(packed), into(back)).ok());
  CHECK(back == plain);
  CHECK_FALSE(decompress(source_from(packed.substr(0, packed.size() / 2)), into(back)).ok());
}
