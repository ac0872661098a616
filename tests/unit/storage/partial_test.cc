#include "storage/partial.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "storage/garbage.h"
#include "tests/unit/storage/support.h"

using namespace creel;
using namespace creel::test;

namespace {

void write_partial(Store& store, const Digest& digest, bool old) {
  auto dir = storage::open_partials(store);
  REQUIRE(dir.ok());
  auto file = open_at(dir->get(), storage::partial_name(digest), O_WRONLY | O_CREAT, 0644);
  REQUIRE(file.ok());
  REQUIRE(write_all(file->get(), std::string(10'000, 'x')).ok());
  const timespec times[2] = {{0, UTIME_OMIT}, {1'000'000, 0}};
  if (old) REQUIRE(futimens(file->get(), times) == 0);
}

}  // namespace

TEST_CASE_FIXTURE(StoreDir, "a partial blob becomes the blob, in one rename") {
  auto store = open();
  const Digest digest = digest_of('a');
  write_partial(*store, digest, false);
  CHECK(!store->has_blob(digest));
  REQUIRE(storage::publish_partial(*store, digest).ok());
  CHECK(store->has_blob(digest));
  CHECK(!path_exists(paths.store + "/staging/" + storage::partial_name(digest)));
}

TEST_CASE_FIXTURE(StoreDir, "garbage collection takes partial blobs that stopped growing, and none that is written") {
  auto store = open();
  const Digest fresh = digest_of('a'), old = digest_of('b'), held = digest_of('c');
  // The first of a boot collects garbage itself.
  auto lock = store->lock_transfer(held);
  REQUIRE(lock.ok());
  write_partial(*store, fresh, false);
  write_partial(*store, old, true);
  write_partial(*store, held, true);
  const auto there = [&](const Digest& digest) {
    return path_exists(paths.store + "/staging/" + storage::partial_name(digest));
  };
  auto freed = store->collect_garbage();
  REQUIRE(freed.ok());
  CHECK(*freed >= 10'000);
  CHECK(there(fresh));
  CHECK(!there(old));
  CHECK(there(held));
  // Pruning takes those that may yet be wanted too.
  REQUIRE(storage::collect_garbage(*store, {.parts = true}).ok());
  CHECK(!there(fresh));
  CHECK(there(held));
}
