// The database made again from files beside what it describes.
#include "storage/rebuild.h"

#include <fcntl.h>

#include "storage/damaged_records.h"
#include "storage/names.h"
#include "storage/record_files.h"
#include "tests/unit/storage/support.h"

using namespace creel;
using namespace creel::test;

namespace {

const Digest kConfig = digest_of('1'), kManifest = digest_of('a'), kLayer = digest_of('c');

// An image whose ID is its config's digest, as put_image()'s callers have it.
storage::ImageRecord whole_image(std::vector<std::string> names) {
  auto image = image_of(kConfig, {kManifest, kConfig}, {kLayer}, std::move(names));
  image.config = "blob";
  image.digests = {"localhost/i@" + kManifest.text()};
  return image;
}

void add_container(Store& store, const storage::Paths& paths, const storage::ContainerRecord& container,
                   const std::vector<std::string>& volumes) {
  std::vector<storage::VolumeRecord> records;
  for (const std::string& name : volumes) records.push_back({name, 1, false, "{}", "{}"});
  REQUIRE(store.add_container(container, records).ok());
  REQUIRE(make_dirs(paths.container(container.id) + "/upper").ok());
  REQUIRE(storage::save_container_file(paths, container, volumes).ok());
  for (const std::string& name : volumes) REQUIRE(make_dirs(paths.volume_data(name)).ok());
}

}  // namespace

TEST_CASE_FIXTURE(StoreDir, "a database that is garbage is made again: images, names, containers, volumes") {
  const std::string id = digest_of('d').hex();
  auto container = container_of(id, "web \"1\"", kConfig.hex());
  container.labels = R"({"k":"v\u00e9"})";
  {
    auto store = open();
    REQUIRE(add_image(*store, whole_image({"localhost/i:1"})).ok());
    REQUIRE(store->tag_image(kConfig.hex(), "localhost/i:2").ok());
    REQUIRE(store->untag_image("localhost/i:1").ok());
    REQUIRE(store->tag_image(kConfig.hex(), "localhost/i:3").ok());
    add_container(*store, paths, container, {"data"});
    container.name = "renamed";
    REQUIRE(store->update_container(container).ok());
  }
  REQUIRE(write_atomic(paths.database(), std::string(8192, 'x')).ok());
  auto rebuilt = storage::rebuild_database(paths);
  REQUIRE_MESSAGE(rebuilt.ok(), (rebuilt.ok() ? "" : rebuilt.error().text));
  CHECK(rebuilt->images == 1);
  CHECK(rebuilt->containers == 1);
  CHECK(rebuilt->volumes == 1);
  CHECK(rebuilt->lost.empty());
  auto store = open();
  auto images = store->images();
  REQUIRE(images.ok());
  REQUIRE(images->size() == 1);
  CHECK(images->front().names == std::vector<std::string>{"localhost/i:2", "localhost/i:3"});
  CHECK(images->front().digests == std::vector<std::string>{"localhost/i@" + kManifest.text()});
  CHECK(images->front().config == "blob");
  CHECK(images->front().diff_ids == std::vector<Digest>{kLayer});
  CHECK(store->layer(kLayer)->has_value());
  auto found = store->container("renamed");
  REQUIRE(found.ok());
  CHECK(found->id == id);
  CHECK(found->image_id == kConfig.hex());
  CHECK(found->config == container.config);
  CHECK(found->labels.find("v") != std::string::npos);
  CHECK(*store->container_volumes(id) == std::vector<std::string>{"data"});
  CHECK(storage::damaged_records(paths, false)->empty());
  // Nothing of it is garbage.
  REQUIRE(store->collect_garbage().ok());
  CHECK(store->has_layer(kLayer));
  CHECK(path_exists(paths.container(id) + "/upper"));
  CHECK(path_exists(paths.database() + ".damaged"));
}

TEST_CASE_FIXTURE(StoreDir, "what cannot be made again is named, and what a container has written stays") {
  const std::string good = digest_of('d').hex(), torn = digest_of('e').hex();
  {
    auto store = open();
    REQUIRE(add_image(*store, whole_image({"localhost/i:1"})).ok());
    add_container(*store, paths, container_of(good, "good", kConfig.hex()), {});
    add_container(*store, paths, container_of(torn, "torn", kConfig.hex()), {});
  }
  REQUIRE(write_atomic(storage::container_file(paths, torn), R"({"id":")").ok());
  REQUIRE(write_atomic(paths.container(torn) + "/upper/work", "mine").ok());
  REQUIRE(unlink(paths.blob(kManifest.hex()).c_str()) == 0);
  auto rebuilt = storage::rebuild_database(paths);
  REQUIRE(rebuilt.ok());
  CHECK(rebuilt->images == 0);
  CHECK(rebuilt->containers == 1);
  REQUIRE(rebuilt->lost.size() == 2);
  CHECK(rebuilt->lost[0].find("image " + kConfig.hex()) == 0);
  CHECK(rebuilt->lost[1].find("container " + torn) == 0);
  auto store = open();
  REQUIRE(store->collect_garbage().ok());
  CHECK(store->container("good").ok());
  CHECK(*read_file(paths.container(torn) + ".lost/upper/work") == "mine");
}

TEST_CASE_FIXTURE(StoreDir, "no store is made by rebuilding") {
  auto rebuilt = storage::rebuild_database(paths);
  REQUIRE(!rebuilt.ok());
  CHECK(rebuilt.error().err == ENOENT);
  CHECK(!path_exists(paths.store));
}
