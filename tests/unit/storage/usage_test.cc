// What of the disk the store takes, and which names in it are nobody's.
#include "storage/usage.h"

#include <fcntl.h>

#include "base/process.h"
#include "storage/garbage.h"
#include "tests/unit/storage/support.h"

using namespace creel;
using namespace creel::test;

namespace {

std::int64_t du(const std::string& path) {
  auto run = run_program({"du", "-s", "--block-size=1", path});
  REQUIRE(run.ok());
  return std::stoll(run->out);
}

std::int64_t sum(const storage::StoreUse& use) {
  std::int64_t out = 0;
  for (const auto* all : {&use.blobs, &use.layers, &use.images, &use.containers, &use.volumes, &use.strange}) {
    for (const auto& [name, one] : *all) out += one.blocks;
  }
  for (const auto& [name, one] : use.staging) out += one.use.blocks;
  return out;
}

}  // namespace

TEST_CASE_FIXTURE(StoreDir, "everything is counted once, and living staging told from dead") {
  auto store = open();
  const auto image = image_of(digest_of('1'), {digest_of('a'), digest_of('1')}, {digest_of('c')}, {"localhost/a:1"});
  REQUIRE(add_image(*store, image).ok());
  const std::string id = digest_of('d').hex();
  REQUIRE(make_dirs(paths.container(id) + "/upper").ok());
  REQUIRE(write_atomic(paths.container(id) + "/upper/f", std::string(30'000, 'x')).ok());
  REQUIRE(make_dirs(paths.volume_data("v")).ok());
  REQUIRE(write_atomic(paths.volume_data("v") + "/f", std::string(20'000, 'x')).ok());
  auto alive = store->new_staging();
  REQUIRE(alive.ok());
  REQUIRE(write_atomic_at(alive->dir(), "half", std::string(10'000, 'x')).ok());
  REQUIRE(make_dirs(paths.staging() + "/00112233445566aa").ok());
  const std::string part = digest_of('e').hex() + ".part";
  REQUIRE(write_atomic(paths.staging() + "/" + part, std::string(5'000, 'x')).ok());
  REQUIRE(write_atomic(paths.store + "/notes", "hm").ok());
  REQUIRE(write_atomic(paths.blobs() + "/readme", "hm").ok());

  auto use = storage::measure_store(paths);
  REQUIRE(use.ok());
  CHECK(use->blobs.size() == 2);
  CHECK(use->layers.size() == 1);
  CHECK(use->images.size() == 1);
  CHECK(use->containers.size() == 1);
  CHECK(use->volumes.size() == 1);
  CHECK(use->staging.size() == 3);
  CHECK(use->staging.at(alive->path().substr(alive->path().rfind('/') + 1)).alive);
  CHECK(!use->staging.at("00112233445566aa").alive);
  CHECK(!use->staging.at(part).alive);
  CHECK(use->strange.size() == 2);
  CHECK(use->strange.contains("notes"));
  CHECK(use->strange.contains("blobs/sha256/readme"));
  std::int64_t frame = 0;
  for (const char* name : {"db.sqlite", "db.sqlite-wal", "db.sqlite-shm", "creel-store", "staging/boot", "reserve"})
    frame += du(paths.store + "/" + name);
  // Directories of a store take nothing in memory, where this one is.
  CHECK(sum(*use) == du(paths.store) - frame);
}

TEST_CASE_FIXTURE(StoreDir, "parts of transfers are kept for the next one, until they are asked away") {
  auto store = open();
  const Digest idle = digest_of('e'), moving = digest_of('f');
  auto lock = store->lock_transfer(moving);
  REQUIRE(lock.ok());
  for (const Digest& digest : {idle, moving})
    REQUIRE(write_atomic(paths.staging() + "/" + digest.hex() + ".part", "half").ok());
  REQUIRE(store->collect_garbage().ok());
  CHECK(path_exists(paths.staging() + "/" + idle.hex() + ".part"));
  REQUIRE(storage::collect_garbage(*store, {.parts = true}).ok());
  CHECK(!path_exists(paths.staging() + "/" + idle.hex() + ".part"));
  CHECK(path_exists(paths.staging() + "/" + moving.hex() + ".part"));
}

TEST_CASE_FIXTURE(StoreDir, "unnamed content that is younger than asked for stays") {
  auto store = open();
  REQUIRE(publish_blob(*store, digest_of('a')).ok());
  REQUIRE(storage::collect_garbage(*store, {.min_age_ns = 3'600'000'000'000}).ok());
  CHECK(store->has_blob(digest_of('a')));
  REQUIRE(storage::collect_garbage(*store, {.min_age_ns = 1}).ok());
  CHECK(!store->has_blob(digest_of('a')));
}

TEST_CASE_FIXTURE(StoreDir, "an empty store takes nothing, an absent one neither") {
  CHECK(sum(*storage::measure_store(paths)) == 0);
  REQUIRE(open()->new_staging().ok());
  CHECK(sum(*storage::measure_store(paths)) == 0);
}
