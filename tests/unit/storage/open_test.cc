// Opening: absent, foreign, newer, half made, read-only.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "storage/database.h"
#include "tests/unit/storage/support.h"

using namespace creel;
using namespace creel::test;

TEST_CASE_FIXTURE(StoreDir, "an absent store reads as empty, and reading makes nothing") {
  auto store = open(Store::Access::kRead);
  CHECK(store->images()->empty());
  CHECK(store->containers()->empty());
  CHECK(store->volumes()->empty());
  CHECK(!store->image_by_name("x")->has_value());
  CHECK(!store->image_by_id("abc")->has_value());
  CHECK(!store->image_by_digest("x@sha256:y")->has_value());
  CHECK(!store->layer(digest_of('a'))->has_value());
  CHECK(!store->has_blob(digest_of('a')));
  CHECK(store->open_blob(digest_of('a')).error().code == Code::kNotFound);
  CHECK(store->container("x").error().code == Code::kNotFound);
  CHECK(store->volume_users("v")->empty());
  CHECK(!path_exists(paths.store));
  // The same object, when a command finds that it must write.
  REQUIRE(store->add_container(container_of(std::string(64, 'a'), "c"), {}).ok());
  CHECK(store->containers()->size() == 1);
  CHECK(path_exists(paths.marker()));
}

TEST_CASE_FIXTURE(StoreDir, "a new store") {
  open();
  CHECK(*read_file(paths.marker()) == storage::kMarkerText);
  CHECK(mode_of(paths.store) == 0700);
  for (const std::string& made :
       {paths.blobs(), paths.layers(), paths.staging(), paths.containers(), paths.volumes(), paths.database()}) {
    CAPTURE(made);
    CHECK(path_exists(made));
  }
  CHECK(open(Store::Access::kRead)->images()->empty());
}

TEST_CASE_FIXTURE(StoreDir, "a newer store is refused, and nothing is written there") {
  open();
  REQUIRE(write_atomic(paths.marker(), "creel store, format 2\n").ok());
  const auto before = names_in(paths.store);
  struct stat database {};
  stat(paths.database().c_str(), &database);
  for (auto access : {Store::Access::kRead, Store::Access::kWrite}) {
    auto store = Store::open(paths, access);
    REQUIRE(!store.ok());
    CHECK(store.error().code == Code::kInvalid);
    CHECK(store.error().text == "the store " + paths.store + " has format 2, this version of Creel knows 1");
    CHECK(!store.error().hint.empty());
  }
  struct stat after {};
  stat(paths.database().c_str(), &after);
  CHECK(database.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
  CHECK(names_in(paths.store) == before);
  CHECK(*read_file(paths.marker()) == "creel store, format 2\n");
}

TEST_CASE_FIXTURE(StoreDir, "markers that are none") {
  open();
  for (const char* text :
       {"", "creel store, format ", "creel store, format x\n", "creel store, format 0\n", "creel store, format -1\n",
        "another store\n", "creel store, format 99999999999999999999\n"}) {
    CAPTURE(text);
    REQUIRE(write_atomic(paths.marker(), text).ok());
    CHECK(Store::open(paths, Store::Access::kRead).error().code == Code::kInvalid);
    CHECK(Store::open(paths, Store::Access::kWrite).error().code == Code::kInvalid);
  }
}

TEST_CASE_FIXTURE(StoreDir, "somebody's directory is refused, and nothing is written there") {
  REQUIRE(make_dirs(paths.store + "/Documents").ok());
  auto store = Store::open(paths, Store::Access::kWrite);
  REQUIRE(!store.ok());
  CHECK(store.error().code == Code::kInvalid);
  CHECK(store.error().text.find("Documents") != std::string::npos);
  CHECK(names_in(paths.store) == std::vector<std::string>{"Documents"});
}

TEST_CASE_FIXTURE(StoreDir, "killed while making the store: the next one makes it whole") {
  open();
  unlink(paths.marker().c_str());
  REQUIRE(write_atomic(paths.store + "/creel-store.tmp.17.0", "creel st").ok());
  REQUIRE(rmdir(paths.volumes().c_str()) == 0);
  open();
  CHECK(path_exists(paths.volumes()));
  CHECK(*read_file(paths.marker()) == storage::kMarkerText);
  CHECK(!path_exists(paths.store + "/creel-store.tmp.17.0"));
  // Before the database had its tables.
  unlink(paths.marker().c_str());
  for (const char* suffix : {"", "-wal", "-shm"}) unlink((paths.database() + suffix).c_str());
  REQUIRE(::open(paths.database().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
  CHECK(open()->images()->empty());
}

TEST_CASE_FIXTURE(StoreDir, "many first commands at once make one store") {
  std::vector<pid_t> children;
  for (int i = 0; i < 12; ++i) {
    children.push_back(start_child([&] {
      auto store = Store::open(paths, Store::Access::kWrite);
      if (!store.ok()) return (fprintf(stderr, "%s\n", store.error().text.c_str()), 1);
      auto added = (*store)->add_container(container_of(digest_of('a', i).hex(), "c" + std::to_string(i)), {});
      return added.ok() ? 0 : (fprintf(stderr, "%s\n", added.error().text.c_str()), 2);
    }));
  }
  for (pid_t child : children) CHECK(wait_status(child) == 0);
  CHECK(open(Store::Access::kRead)->containers()->size() == 12);
}

TEST_CASE_FIXTURE(StoreDir, "a store on a file system that cannot be written is read") {
  REQUIRE(open()->add_container(container_of(std::string(64, 'a'), "c"), {}).ok());
  const int code = in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (mount(paths.store.c_str(), paths.store.c_str(), nullptr, MS_BIND, nullptr) != 0) return 77;
    if (mount(nullptr, paths.store.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) return 77;
    auto store = Store::open(paths, Store::Access::kRead);
    if (!store.ok()) return 1;
    auto containers = (*store)->containers();
    if (!containers.ok()) return (fprintf(stderr, "%s\n", containers.error().text.c_str()), 2);
    if (containers->size() != 1) return 3;
    auto written = (*store)->add_container(container_of(std::string(64, 'b'), "d"), {});
    return written.ok() || written.error().err != EROFS ? 4 : 0;
  });
  if (code == 77) {
    MESSAGE("skipped: cannot mount here");
    return;
  }
  CHECK(code == 0);
}

TEST_CASE_FIXTURE(StoreDir, "a database that is none is an error that says so") {
  open();
  for (const char* suffix : {"-wal", "-shm"}) unlink((paths.database() + suffix).c_str());
  REQUIRE(write_atomic(paths.database(), std::string(8192, 'x')).ok());
  auto store = Store::open(paths, Store::Access::kRead);
  auto images = store.ok() ? (*store)->images() : Result<std::vector<storage::ImageRecord>>(std::move(store).error());
  REQUIRE(!images.ok());
  CHECK(images.error().text.find("not a database") != std::string::npos);
  unlink(paths.database().c_str());
  CHECK(Store::open(paths, Store::Access::kRead).error().code == Code::kNotFound);
}

TEST_CASE_FIXTURE(StoreDir, "a new store has a write-ahead log, so that readers never wait") {
  open();
  auto db = storage::Database::open(paths.database(), storage::Database::Mode::kRead);
  REQUIRE(db.ok());
  auto mode = db->prepare("PRAGMA journal_mode");
  REQUIRE(*mode->step());
  CHECK(mode->text(0) == "wal");
}

TEST_CASE_FIXTURE(StoreDir, "the log stays short: commands that follow one another, none beside another") {
  off_t longest = 0;
  for (int i = 0; i < 300; ++i) {
    auto store = open();
    REQUIRE(store->add_volume({"v" + std::to_string(i), i, false, "{}", "{}"}).ok());
    store.reset();
    struct stat info {};
    REQUIRE(stat((paths.database() + "-wal").c_str(), &info) == 0);
    longest = std::max(longest, info.st_size);
  }
  CHECK(longest < off_t{160} * 4120);
  CHECK(open(Store::Access::kRead)->volumes()->size() == 300);
}

TEST_CASE_FIXTURE(StoreDir, "a reader holds nobody up where the log is cut, and sees what it saw") {
  auto store = open();
  for (const char* name : {"a", "b"}) REQUIRE(store->add_volume({name, 1, false, "{}", "{}"}).ok());
  auto db = storage::Database::open(paths.database(), storage::Database::Mode::kRead);
  REQUIRE(db.ok());
  auto reading = db->prepare("SELECT name FROM volumes ORDER BY name");
  REQUIRE(*reading->step());
  const std::int64_t begin = now_ns();
  for (int i = 0; i < 200; ++i) REQUIRE(store->add_volume({"v" + std::to_string(i), i, false, "{}", "{}"}).ok());
  // Nowhere near what a writer waits for another one.
  CHECK(now_ns() - begin < std::int64_t{5} * 1000000000);
  REQUIRE(*reading->step());
  CHECK(reading->text(0) == "b");
  CHECK(!*reading->step());
  CHECK(store->volumes()->size() == 202);
}
