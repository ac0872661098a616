// Image records, names, and what keeps blobs and layers.
#include <sys/syscall.h>

#include "storage/name_manifests.h"
#include "tests/unit/storage/support.h"

using namespace creel;
using namespace creel::test;

namespace {
std::string events;
}

// What reaches the disk, in order: these stand in front of the C library's.
extern "C" int syncfs(int fd) noexcept {
  events += "syncfs ";
  return static_cast<int>(syscall(SYS_syncfs, fd));
}
extern "C" int fsync(int fd) {
  events += "sync ";
  return static_cast<int>(syscall(SYS_fsync, fd));
}
extern "C" int fdatasync(int fd) {
  events += "sync ";
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

TEST_CASE_FIXTURE(StoreDir, "put, find, replace") {
  auto store = open();
  auto image = image_of(digest_of('1'), {digest_of('a'), digest_of('b')}, {digest_of('c'), digest_of('d')},
                        {"localhost/b:1", "localhost/a:1"});
  image.digests = {"localhost/a@" + digest_of('a').text()};
  REQUIRE(add_image(*store, image).ok());
  auto found = store->image_by_name("localhost/a:1");
  REQUIRE(found.ok());
  REQUIRE(found->has_value());
  CHECK((*found)->id == image.id);
  CHECK((*found)->manifest == digest_of('a'));
  CHECK((*found)->diff_ids == image.diff_ids);
  CHECK((*found)->blobs == image.blobs);
  CHECK((*found)->names == std::vector<std::string>{"localhost/a:1", "localhost/b:1"});
  CHECK((*found)->digests == image.digests);
  CHECK((*store->image_by_digest(image.digests[0]))->id == image.id);
  CHECK(store->layer(digest_of('c'))->value().size == 4096);
  CHECK(*read_all(store->open_blob(digest_of('a'))->get()) == "blob");
  // Another image takes a name away; the first stays, with the other.
  auto second = image_of(digest_of('2'), {digest_of('b')}, {digest_of('c')}, {"localhost/a:1"});
  REQUIRE(add_image(*store, second).ok());
  CHECK((*store->image_by_name("localhost/a:1"))->id == second.id);
  CHECK((*store->image_by_id(image.id))->names == std::vector<std::string>{"localhost/b:1"});
  // The same again: replaced, not doubled, and it keeps its names.
  image.names = {"localhost/c:1"};
  image.config = R"({"new":1})";
  REQUIRE(store->put_image(image).ok());
  CHECK(store->images()->size() == 2);
  CHECK((*store->image_by_id(image.id))->config == image.config);
  CHECK((*store->image_by_id(image.id))->names == std::vector<std::string>{"localhost/b:1", "localhost/c:1"});
  // Another process sees it.
  CHECK(open(Store::Access::kRead)->images()->size() == 2);
  // In short: in the same order, with what a list shows.
  const auto whole = *store->images();
  const auto shown = *store->images(Store::ImageParts::kShown);
  REQUIRE(shown.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(shown[i].id == whole[i].id);
    CHECK(shown[i].manifest == whole[i].manifest);
    CHECK(shown[i].names == whole[i].names);
    CHECK(shown[i].digests == whole[i].digests);
    CHECK(shown[i].created_ns == whole[i].created_ns);
    CHECK(shown[i].size == whole[i].size);
  }
}

TEST_CASE_FIXTURE(StoreDir, "durable: one syncfs, then a synchronous commit; the rest costs no sync") {
  auto store = open();
  const auto image = image_of(digest_of('1'), {digest_of('a')}, {digest_of('c')}, {"localhost/a:1"});
  REQUIRE(publish_blob(*store, digest_of('a')).ok());
  events.clear();
  REQUIRE(publish_layer(*store, digest_of('c')).ok());
  CHECK(events.empty());
  REQUIRE(store->put_image(image).ok());
  // The second one is the directory's, for the log's name, once per process.
  CHECK(events == "syncfs sync sync ");
  events.clear();
  REQUIRE(store->add_container(container_of(std::string(64, '1'), "c", image.id), {}).ok());
  REQUIRE(store->remove_container(std::string(64, '1')).ok());
  CHECK(events.empty());
  REQUIRE(store->tag_image(image.id, "localhost/b:1").ok());
  CHECK(events == "sync ");
}

TEST_CASE_FIXTURE(StoreDir,
                  "the same configuration with another manifest: each name keeps its own, and what that names") {
  auto store = open();
  for (const char digest : {'a', 'b'}) REQUIRE(publish_blob(*store, digest_of(digest)).ok());
  REQUIRE(publish_layer(*store, digest_of('c')).ok());
  auto first = image_of(digest_of('1'), {digest_of('a')}, {digest_of('c')}, {"localhost/x:docker"});
  first.manifest = digest_of('a');
  REQUIRE(store->put_image(first).ok());
  CHECK(!*manifest_of_name(paths, "localhost/x:docker"));
  auto second = image_of(digest_of('1'), {digest_of('b')}, {digest_of('c')}, {"localhost/x:oci"});
  second.manifest = digest_of('b');
  REQUIRE(store->put_image(second).ok());
  CHECK(*manifest_of_name(paths, "localhost/x:docker") == digest_of('a'));
  CHECK(!*manifest_of_name(paths, "localhost/x:oci"));
  const auto both = store->image_by_name("localhost/x:docker");
  REQUIRE(both->has_value());
  CHECK((*both)->manifest == digest_of('b'));
  CHECK((*both)->blobs.size() == 2);
  for (const auto& [to, from] :
       {std::pair("localhost/y:1", "localhost/x:docker"), std::pair("localhost/y:2", "localhost/x:oci")}) {
    REQUIRE(store->tag_image(first.id, to).ok());
    REQUIRE(copy_name_manifest(paths, from, to).ok());
  }
  CHECK(*manifest_of_name(paths, "localhost/y:1") == digest_of('a'));
  CHECK(!*manifest_of_name(paths, "localhost/y:2"));
  REQUIRE(store->collect_garbage().ok());
  CHECK(store->has_blob(digest_of('a')));
  // The first one again: now it is the record's, and the other name keeps what it has.
  REQUIRE(store->put_image(first).ok());
  CHECK(!*manifest_of_name(paths, "localhost/x:docker"));
  CHECK(*manifest_of_name(paths, "localhost/x:oci") == digest_of('b'));
  // A name that goes takes its manifest along; what no name needs goes with the next image of that configuration.
  REQUIRE(store->untag_image("localhost/x:oci").ok());
  REQUIRE(store->untag_image("localhost/y:2").ok());
  CHECK(!*manifest_of_name(paths, "localhost/x:oci"));
}

TEST_CASE_FIXTURE(StoreDir, "what is named must be there") {
  auto store = open();
  auto image = image_of(digest_of('1'), {digest_of('a')}, {digest_of('c')}, {"localhost/a:1"});
  auto put = store->put_image(image);
  REQUIRE(!put.ok());
  CHECK(put.error().code == Code::kNotFound);
  CHECK(put.error().text.find(digest_of('a').text()) != std::string::npos);
  REQUIRE(publish_blob(*store, digest_of('a')).ok());
  CHECK(store->put_image(image).error().text.find(digest_of('c').text()) != std::string::npos);
  CHECK(store->images()->empty());
  CHECK(!store->image_by_name("localhost/a:1")->has_value());
  // A record that could not be read back would break every listing.
  REQUIRE(publish_layer(*store, digest_of('c')).ok());
  image.manifest = Digest();
  CHECK(store->put_image(image).error().code == Code::kInvalid);
  image = image_of(digest_of('1'), {digest_of('a')}, {digest_of('c')}, {});
  image.id = "../../x";
  CHECK(store->put_image(image).error().code == Code::kInvalid);
  CHECK(store->images()->empty());
}

TEST_CASE_FIXTURE(StoreDir, "publishing twice is success, and the first stays") {
  auto store = open();
  REQUIRE(publish_blob(*store, digest_of('a'), "first").ok());
  REQUIRE(publish_blob(*store, digest_of('a'), "second").ok());
  CHECK(*read_file(paths.blob(digest_of('a').hex())) == "first");
  REQUIRE(publish_layer(*store, digest_of('c')).ok());
  REQUIRE(publish_layer(*store, digest_of('c')).ok());
  CHECK(staged().empty());
}

TEST_CASE_FIXTURE(StoreDir, "prefixes of IDs") {
  auto store = open();
  const Digest one = digest_of('a', 111), two = digest_of('a', 222), other = digest_of('b');
  for (const Digest& id : {one, two, other})
    REQUIRE(add_image(*store, image_of(id, {digest_of('9')}, {digest_of('c')}, {})).ok());
  CHECK((*store->image_by_id("bbb"))->id == other.hex());
  CHECK((*store->image_by_id(one.hex()))->id == one.hex());
  auto ambiguous = store->image_by_id("aaaa");
  REQUIRE(!ambiguous.ok());
  CHECK(ambiguous.error().code == Code::kInvalid);
  for (const std::string& none : {std::string("bb"), std::string("ccc"), std::string("BBB"), std::string("bbb%"),
                                  std::string(), other.hex() + "b"}) {
    CAPTURE(none);
    auto found = store->image_by_id(none);
    REQUIRE(found.ok());
    CHECK(!found->has_value());
  }
}

TEST_CASE_FIXTURE(StoreDir, "tag, untag, remove") {
  auto store = open();
  const auto image = image_of(digest_of('1'), {digest_of('a')}, {digest_of('c')}, {"localhost/a:1"});
  const auto second = image_of(digest_of('2'), {digest_of('a')}, {digest_of('c')}, {"localhost/b:1"});
  REQUIRE(add_image(*store, image).ok());
  REQUIRE(add_image(*store, second).ok());
  REQUIRE(store->tag_image(image.id, "localhost/b:1").ok());
  CHECK((*store->image_by_name("localhost/b:1"))->id == image.id);
  CHECK((*store->image_by_id(second.id))->names.empty());
  CHECK(store->tag_image(digest_of('3').hex(), "localhost/x:1").error().code == Code::kNotFound);
  REQUIRE(store->untag_image("localhost/b:1").ok());
  CHECK(store->untag_image("localhost/b:1").error().code == Code::kNotFound);
  CHECK(store->image_by_id(image.id)->has_value());

  const std::string id(64, '1');
  REQUIRE(store->add_container(container_of(id, "c", image.id), {}).ok());
  auto refused = store->remove_image(image.id);
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == Code::kInUse);
  CHECK(refused.error().text.find(id) != std::string::npos);
  REQUIRE(store->remove_container(id).ok());
  REQUIRE(store->remove_image(image.id).ok());
  CHECK(!store->image_by_name("localhost/a:1")->has_value());
  CHECK(store->remove_image(image.id).error().code == Code::kNotFound);
  // A container of an image that is gone is refused in the same transaction.
  CHECK(store->add_container(container_of(id, "c", image.id), {}).error().code == Code::kNotFound);
  CHECK(store->containers()->empty());
}

TEST_CASE_FIXTURE(StoreDir, "garbage is what no image reaches: shared layers and blobs stay") {
  auto store = open();
  const auto one =
      image_of(digest_of('1'), {digest_of('a'), digest_of('b')}, {digest_of('c'), digest_of('d')}, {"localhost/a:1"});
  const auto two =
      image_of(digest_of('2'), {digest_of('a'), digest_of('e')}, {digest_of('c'), digest_of('f')}, {"localhost/b:1"});
  REQUIRE(add_image(*store, one).ok());
  REQUIRE(add_image(*store, two).ok());
  REQUIRE(write_atomic(paths.blobs() + "/README", "not ours").ok());
  CHECK(*store->collect_garbage() == 0);
  REQUIRE(store->remove_image(one.id).ok());
  auto freed = store->collect_garbage();
  REQUIRE(freed.ok());
  CHECK(*freed >= 4096 + 4096);
  CHECK(store->has_blob(digest_of('a')));
  CHECK(!store->has_blob(digest_of('b')));
  CHECK(store->has_layer(digest_of('c')));
  CHECK(!store->has_layer(digest_of('d')));
  CHECK(!store->layer(digest_of('d'))->has_value());
  CHECK(store->layer(digest_of('f'))->has_value());
  CHECK(*read_file(paths.layer(digest_of('c').hex()) + "/file") == digest_of('c').hex());
  CHECK(path_exists(paths.blobs() + "/README"));
  CHECK(staged().empty());
  CHECK(names_in(paths.staging()) == std::vector<std::string>{"boot"});
}

TEST_CASE_FIXTURE(StoreDir, "garbage: directories of containers without a record, and nothing else there") {
  auto store = open();
  const std::string alive = digest_of('a').hex(), dead = digest_of('b').hex();
  REQUIRE(store->add_container(container_of(alive, "alive"), {}).ok());
  for (const std::string& id : {alive, dead, std::string("notes")})
    REQUIRE(make_dirs(paths.container(id) + "/upper").ok());
  REQUIRE(store->collect_garbage().ok());
  CHECK(names_in(paths.containers()) == std::vector<std::string>{alive, "notes"});
  CHECK(staged().empty());
}

TEST_CASE_FIXTURE(StoreDir, "garbage: volumes whose record is lost become volumes again, empty ones go") {
  auto store = open();
  REQUIRE(store->add_volume({"mine", 5, false, "{}", "{}"}).ok());
  for (const char* name : {"mine", "data", "empty", ".hidden"}) REQUIRE(make_dirs(paths.volume_data(name)).ok());
  REQUIRE(write_atomic(paths.volume_data("data") + "/f", "precious").ok());
  REQUIRE(store->collect_garbage().ok());
  CHECK(names_in(paths.volumes()) == std::vector<std::string>{".hidden", "data", "mine"});
  REQUIRE(store->volume("data")->has_value());
  CHECK(*read_file(paths.volume_data("data") + "/f") == "precious");
  CHECK(!store->volume("empty")->has_value());
  CHECK(store->volume("mine")->value().created_ns == 5);
  // Removed, it does not come back: its data went before its record.
  REQUIRE(store->remove_volume("data").ok());
  REQUIRE(store->collect_garbage().ok());
  CHECK(!store->volume("data")->has_value());
  CHECK(!path_exists(paths.volume("data")));
}
