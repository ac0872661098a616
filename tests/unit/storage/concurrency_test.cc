// Several processes, and processes that are killed.
#include <sys/syscall.h>

#include <algorithm>
#include <set>

#include "base/process.h"
#include "storage/database.h"
#include "tests/unit/storage/support.h"

using namespace creel;
using namespace creel::test;

TEST_CASE_FIXTURE(StoreDir, "many writers at once: no name twice, and nobody is told that the database is locked") {
  open();
  constexpr int kProcesses = 12, kNames = 15;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    children.push_back(start_child([&] {
      auto store = Store::open(paths, Store::Access::kWrite);
      if (!store.ok()) return 200;
      int won = 0;
      for (int n = 0; n < kNames; ++n) {
        auto added = (*store)->add_container(
            container_of(digest_of('a', p * kNames + n + 1000).hex(), "name" + std::to_string(n)),
            {{"shared", 1, false, "{}", "{}"}});
        if (added.ok())
          ++won;
        else if (added.error().code != Code::kExists)
          return 201;
        if (!(*store)->containers().ok()) return 202;
      }
      return won;
    }));
  }
  int won = 0;
  for (pid_t child : children) {
    const int status = wait_status(child);
    CHECK(status < 200);
    won += status;
  }
  CHECK(won == kNames);
  auto containers = open(Store::Access::kRead)->containers();
  REQUIRE(containers.ok());
  std::set<std::string> names;
  for (const auto& container : *containers) names.insert(container.name);
  CHECK(containers->size() == kNames);
  CHECK(names.size() == kNames);
}

TEST_CASE_FIXTURE(StoreDir, "readers do not wait for a writer, and see what was before") {
  auto store = open();
  REQUIRE(store->add_container(container_of(digest_of('a').hex(), "a"), {}).ok());
  Signal written, go;
  const pid_t writer = start_child([&] {
    auto lock = FileLock::acquire(paths.writer_lock());
    auto db = storage::Database::open(paths.database(), storage::Database::Mode::kRead);
    auto transaction = storage::Transaction::begin(*db, true);
    if (!transaction.ok() || !db->execute("DELETE FROM containers").ok()) return 1;
    written.say();
    go.await();
    return transaction->commit().ok() ? 0 : 2;
  });
  written.await();
  const std::int64_t begin = now_ns();
  CHECK(store->containers()->size() == 1);
  CHECK(open(Store::Access::kRead)->containers()->size() == 1);
  CHECK(now_ns() - begin < 5'000'000'000);
  go.say();
  CHECK(wait_status(writer) == 0);
  CHECK(store->containers()->empty());
}

TEST_CASE_FIXTURE(StoreDir, "killed with staging half written: the next writer takes it away, and nothing else") {
  auto store = open();
  const auto image = image_of(digest_of('1'), {digest_of('a')}, {digest_of('c')}, {"localhost/a:1"});
  REQUIRE(add_image(*store, image).ok());
  auto mine = store->new_staging();
  REQUIRE(mine.ok());
  REQUIRE(write_atomic_at(mine->dir(), "f", "alive").ok());
  const int code = in_child([&] {
    auto own = Store::open(paths, Store::Access::kWrite);
    auto staging = (*own)->new_staging();
    if (!make_dirs(staging->path() + "/layer/deep").ok()) return 1;
    if (!write_atomic_at(staging->dir(), "layer/deep/half", "ha").ok()) return 2;
    return kill(getpid(), SIGKILL);
  });
  CHECK(code == 128 + SIGKILL);
  CHECK(staged().size() == 2);
  auto other = open();
  CHECK(other->images()->size() == 1);
  auto next = other->new_staging();
  REQUIRE(next.ok());
  CHECK(staged().size() == 2);
  CHECK(*read_file(mine->path() + "/f") == "alive");
  CHECK(other->has_layer(digest_of('c')));
  CHECK(other->has_blob(digest_of('a')));
}

TEST_CASE_FIXTURE(StoreDir, "staging: assigning another one, and one without its lock file") {
  auto store = open();
  auto one = store->new_staging();
  auto two = store->new_staging();
  REQUIRE(one.ok());
  REQUIRE(two.ok());
  const std::string first = one->path(), second = two->path();
  *one = std::move(*two);
  CHECK(!path_exists(first));
  CHECK(!path_exists(first + ".lock"));
  CHECK(path_exists(second));
  REQUIRE(make_dirs(paths.staging() + "/0123456789abcdef/x").ok());
  REQUIRE(store->new_staging().ok());
  CHECK(!path_exists(paths.staging() + "/0123456789abcdef"));
  CHECK(path_exists(second));
}

TEST_CASE_FIXTURE(StoreDir, "killed after publishing, before the image is recorded: whole, and garbage") {
  auto store = open();
  const int code = in_child([&] {
    auto own = Store::open(paths, Store::Access::kWrite);
    auto locks = (*own)->lock_transfers({digest_of('a'), digest_of('c')});
    if (!publish_blob(**own, digest_of('a')).ok() || !publish_layer(**own, digest_of('c')).ok()) return 1;
    return kill(getpid(), SIGKILL);
  });
  CHECK(code == 128 + SIGKILL);
  CHECK(store->images()->empty());
  // The machine did not stop: what was published can be used by the next pull.
  CHECK(store->has_layer(digest_of('c')));
  CHECK(store->layer(digest_of('c'))->has_value());
  CHECK(store->lock_transfer(digest_of('c')).ok());
  CHECK(store->has_layer(digest_of('c')));
  REQUIRE(store->collect_garbage().ok());
  CHECK(!store->has_layer(digest_of('c')));
  CHECK(!store->has_blob(digest_of('a')));
}

TEST_CASE_FIXTURE(StoreDir, "after a boot, what no image names is not taken for whole") {
  const auto image = image_of(digest_of('1'), {digest_of('a')}, {digest_of('c')}, {"localhost/a:1"});
  {
    auto store = open();
    REQUIRE(add_image(*store, image).ok());
    REQUIRE(publish_blob(*store, digest_of('b'), "").ok());
    REQUIRE(publish_layer(*store, digest_of('d')).ok());
  }
  CHECK(*read_file(paths.boot()) == boot_id());
  REQUIRE(write_atomic(paths.boot(), "another boot").ok());
  SUBCASE("found by a transfer") {
    auto store = open();
    auto lock = store->lock_transfer(digest_of('d'));
    REQUIRE(lock.ok());
    CHECK(!store->has_layer(digest_of('d')));
    CHECK(!store->has_blob(digest_of('b')));
  }
  SUBCASE("found by new staging") {
    auto store = open();
    REQUIRE(store->new_staging().ok());
    CHECK(!store->has_layer(digest_of('d')));
  }
  SUBCASE("named without looking") {
    auto put = open()->put_image(image_of(digest_of('2'), {digest_of('b')}, {digest_of('d')}, {}));
    REQUIRE(!put.ok());
    CHECK(put.error().code == Code::kNotFound);
  }
  auto store = open();
  CHECK(store->has_layer(digest_of('c')));
  CHECK(store->has_blob(digest_of('a')));
  CHECK(*read_file(paths.boot()) == boot_id());
  // Published since: it stays.
  REQUIRE(publish_layer(*store, digest_of('e')).ok());
  REQUIRE(open()->new_staging().ok());
  CHECK(store->has_layer(digest_of('e')));
}

TEST_CASE_FIXTURE(StoreDir, "garbage collection leaves alone what a living process transfers") {
  auto store = open();
  Signal published;
  const pid_t transfer = start_child([&] {
    auto own = Store::open(paths, Store::Access::kWrite);
    auto locks = (*own)->lock_transfers({digest_of('a'), digest_of('c'), digest_of('a')});
    if (!locks.ok() || locks->size() != 2) return 1;
    if (!publish_blob(**own, digest_of('a')).ok() || !publish_layer(**own, digest_of('c')).ok()) return 2;
    published.say();
    pause();
    return 0;
  });
  published.await();
  REQUIRE(publish_blob(*store, digest_of('b')).ok());
  REQUIRE(store->collect_garbage().ok());
  CHECK(store->has_blob(digest_of('a')));
  CHECK(store->has_layer(digest_of('c')));
  CHECK(store->layer(digest_of('c'))->has_value());
  CHECK(!store->has_blob(digest_of('b')));
  kill(transfer, SIGKILL);
  wait_status(transfer);
  REQUIRE(store->collect_garbage().ok());
  CHECK(!store->has_blob(digest_of('a')));
  CHECK(!store->has_layer(digest_of('c')));
}

TEST_CASE_FIXTURE(StoreDir, "two transfers of the same digests in another order do not wait for each other") {
  open();
  std::vector<pid_t> children;
  for (int p = 0; p < 2; ++p) {
    children.push_back(start_child([&] {
      auto own = Store::open(paths, Store::Access::kWrite);
      std::vector<Digest> digests = {digest_of('a'), digest_of('b'), digest_of('c')};
      if (p == 1) std::reverse(digests.begin(), digests.end());
      for (int i = 0; i < 200; ++i) {
        if (!(*own)->lock_transfers(digests).ok()) return 1;
      }
      return 0;
    }));
  }
  for (pid_t child : children) CHECK(wait_status(child) == 0);
}

TEST_CASE_FIXTURE(StoreDir, "pulls, removals and collections at once: a recorded image is always whole") {
  open();
  std::vector<pid_t> children;
  for (int p = 0; p < 3; ++p) {
    children.push_back(start_child([&] {
      auto store = Store::open(paths, Store::Access::kWrite);
      if (!store.ok()) return 1;
      // They share a blob and a layer.
      const auto image =
          image_of(digest_of('1', p), {digest_of('a'), digest_of('b', p)}, {digest_of('c'), digest_of('d', p)}, {});
      for (int i = 0; i < 25; ++i) {
        auto added = add_image(**store, image);
        if (!added.ok()) return (fprintf(stderr, "%s\n", added.error().text.c_str()), 2);
        for (const Digest& layer : image.diff_ids) {
          if (!path_exists(paths.layer(layer.hex()) + "/file")) return 3;
          if (!(*store)->layer(layer)->has_value()) return 4;
        }
        if (!(*store)->remove_image(image.id).ok()) return 5;
      }
      return 0;
    }));
  }
  const pid_t collector = start_child([&] {
    auto store = Store::open(paths, Store::Access::kWrite);
    for (int i = 0; i < 150; ++i) {
      auto freed = (*store)->collect_garbage();
      if (!freed.ok()) return (fprintf(stderr, "%s\n", freed.error().text.c_str()), 1);
    }
    return 0;
  });
  for (pid_t child : children) CHECK(wait_status(child) == 0);
  CHECK(wait_status(collector) == 0);
  auto store = open();
  REQUIRE(store->collect_garbage().ok());
  CHECK(names_in(paths.blobs()).empty());
  CHECK(names_in(paths.layers()).empty());
  CHECK(names_in(paths.staging()) == std::vector<std::string>{"boot"});
}

TEST_CASE_FIXTURE(StoreDir, "kill -9 at any moment leaves a store that needs no repair") {
  open();
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const Fd read_end(ends[0]), write_end(ends[1]);
    const pid_t victim = start_child([&] {
      auto store = Store::open(paths, Store::Access::kWrite);
      for (int i = 0;; ++i) {
        const auto image = image_of(digest_of('1', i % 3), {digest_of('a'), digest_of('b', i % 3)},
                                    {digest_of('c'), digest_of('d', i % 3)}, {"localhost/i:" + std::to_string(i % 2)});
        auto step = [&](const Result<void>& result) {
          if (!result.ok() && result.error().code != Code::kNotFound && result.error().code != Code::kExists) _exit(50);
          (void)!write(write_end.get(), "x", 1);
        };
        step(add_image(**store, image));
        step((*store)->add_container(container_of(digest_of('e').hex(), "c", image.id), {{"v", 1, false, "{}", "{}"}}));
        step((*store)->remove_container(digest_of('e').hex()));
        step((*store)->remove_image(image.id));
        auto freed = (*store)->collect_garbage();
        step(freed.ok() ? Result<void>() : Result<void>(freed.error()));
      }
      return 0;
    });
    // After `round` steps, and a little into the next.
    char bytes[64];
    for (int left = round; left > 0;) {
      const ssize_t n = read(read_end.get(), bytes, static_cast<std::size_t>(left));
      if (n <= 0) break;
      left -= static_cast<int>(n);
    }
    for (volatile int spin = 0; spin < round * 7919 % 100000;) spin = spin + 1;
    kill(victim, SIGKILL);
    REQUIRE(wait_status(victim) == 128 + SIGKILL);

    auto db = storage::Database::open(paths.database(), storage::Database::Mode::kRead);
    REQUIRE(db.ok());
    auto sound = db->prepare("PRAGMA integrity_check");
    REQUIRE(*sound->step());
    CHECK(sound->text(0) == "ok");
    auto store = open();
    auto images = store->images();
    REQUIRE(images.ok());
    for (const auto& image : *images) {
      for (const Digest& blob : image.blobs) CHECK(store->has_blob(blob));
      for (const Digest& layer : image.diff_ids) {
        CHECK(path_exists(paths.layer(layer.hex()) + "/file"));
        CHECK(store->layer(layer)->has_value());
      }
    }
    // Every layer there is whole, recorded or not.
    for (const std::string& name : names_in(paths.layers())) {
      CHECK(*read_file(paths.layer(name) + "/file") == name);
      CHECK(store->layer(Digest::from_hex(name).value())->has_value());
    }
    REQUIRE(store->new_staging().ok());
    CHECK(staged().empty());
  }
}
