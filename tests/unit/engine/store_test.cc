// Images and containers in a real store of a temporary directory; nothing is started.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/container.h"
#include "engine/image/image.h"

using namespace creel;
using namespace creel::engine;

namespace {

struct Fixture {
  std::string dir;
  Engine engine;
  Fixture() {
    char path[] = "/tmp/creel-engine-XXXXXX";
    REQUIRE(mkdtemp(path));
    dir = path;
    REQUIRE(make_dirs(dir + "/run").ok());
    auto opened = Engine::open({dir + "/store", dir + "/run", false});
    REQUIRE(opened.ok());
    engine = std::move(*opened);
  }
  ~Fixture() {
    auto tmp = open_file("/tmp", O_RDONLY | O_DIRECTORY);
    if (tmp.ok()) (void)remove_tree_at(tmp->get(), dir.substr(5)).ok();
  }

  // An image of one empty layer. `seed`: a hex digit, so that each is another.
  std::string add_image(char seed, const std::vector<std::string>& names) {
    storage::Store* store = engine.store(storage::Store::Access::kWrite).value();
    auto staging = store->new_staging();
    REQUIRE(staging.ok());
    const Digest layer = Digest::from_hex(std::string(64, seed)).value();
    const Digest manifest = Digest::from_hex(std::string(63, '0') + seed).value();
    REQUIRE(mkdirat(staging->dir(), "layer", 0755) == 0);
    REQUIRE(store->publish_layer(*staging, "layer", {layer, 0}).ok());
    REQUIRE(write_atomic_at(staging->dir(), "blob", "{}").ok());
    REQUIRE(store->publish_blob(*staging, "blob", manifest).ok());
    storage::ImageRecord image;
    image.id = std::string(62, 'e') + seed + seed;
    image.manifest = manifest;
    image.config =
        R"({"os":"linux","architecture":")" + parse_platform("")->architecture +
        R"(","config":{"Cmd":["sh"],"Env":["A=1","PATH=/image"],"Volumes":{"/v":{}},"ExposedPorts":{"80/tcp":{}},
                       "Labels":{"l":"image"},"WorkingDir":"/w","StopSignal":"SIGINT"}})";
    image.diff_ids = {layer};
    image.blobs = {manifest};
    image.created_ns = 1700000000000000000 + seed;
    image.names = names;
    REQUIRE(store->put_image(image).ok());
    return image.id;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "images are found by what users type") {
  const std::string a = add_image('a', {"localhost/app:latest"});
  const std::string b = add_image('b', {"docker.io/library/app:latest", "docker.io/library/busybox:1"});
  CHECK(find_image(engine, "app")->id == a);
  CHECK(find_image(engine, "docker.io/library/app")->id == b);
  CHECK(find_image(engine, "busybox:1")->id == b);
  CHECK(find_image(engine, a)->id == a);
  CHECK(find_image(engine, "sha256:" + b)->id == b);
  CHECK(find_image(engine, "busybox").error().text == "busybox: image not known");
  CHECK(find_image(engine, "Bad").error().code == Code::kInvalid);
  CHECK(find_image(engine, "eee").error().code == Code::kInvalid);
  REQUIRE(tag_image(engine, "busybox:1", "short").ok());
  CHECK(find_image(engine, "localhost/short")->id == b);
  ImageListOptions options;
  options.filters = {"reference=busybox"};
  CHECK(list_images(engine, options)->size() == 1);
  options.filters = {"label=l=image", "before=busybox:1"};
  CHECK(list_images(engine, options)->size() == 1);
  options.filters = {"nosuch=1"};
  CHECK(!list_images(engine, options).ok());
}

TEST_CASE_FIXTURE(Fixture, "removing images") {
  const std::string a = add_image('a', {"localhost/one:latest", "localhost/two:latest"});
  CHECK(remove_image(engine, a, {}).error().code == Code::kInUse);
  auto untagged = remove_image(engine, "one", {});
  REQUIRE(untagged.ok());
  CHECK(untagged->untagged == std::vector<std::string>{"localhost/one:latest"});
  CHECK(untagged->deleted.empty());
  CreateOptions options;
  options.image = "two";
  options.network = {"none"};
  auto id = create(engine, options, {"creel", "create"});
  REQUIRE(id.ok());
  auto used = remove_image(engine, "two", {});
  REQUIRE(!used.ok());
  CHECK(used.error().text.find(*id) != std::string::npos);
  auto removed = remove_image(engine, "two", {.force = true});
  REQUIRE(removed.ok());
  CHECK(removed->deleted == std::vector<std::string>{a});
  CHECK(!path_exists(engine.paths().layer(std::string(64, 'a'))));
  CHECK(remove_image(engine, "two", {}).error().code == Code::kNotFound);
  CHECK(list(engine, {.all = true})->empty());
}

TEST_CASE_FIXTURE(Fixture, "create merges image and options; a failure leaves nothing") {
  add_image('a', {"localhost/app:latest"});
  CreateOptions options;
  options.image = "app";
  options.name = "c";
  options.network = {"none"};
  options.env = {"A=2"};
  options.label = {"l=mine"};
  REQUIRE(create(engine, options, {}).ok());
  auto document = inspect(engine, "c", false);
  REQUIRE(document.ok());
  const nlohmann::json& config = (*document)["Config"];
  CHECK(config["Cmd"] == nlohmann::json({"sh"}));
  CHECK(config["WorkingDir"] == "/w");
  CHECK(config["StopSignal"] == "SIGINT");
  CHECK(config["Labels"]["l"] == "mine");
  const auto env = config["Env"].get<std::vector<std::string>>();
  CHECK(std::find(env.begin(), env.end(), "A=2") != env.end());
  CHECK(std::find(env.begin(), env.end(), "PATH=/image") != env.end());
  CHECK((*document)["Mounts"].at(0)["Destination"] == "/v");
  CHECK((*document)["ImageName"] == "localhost/app:latest");
  CHECK((*document)["State"]["Status"] == "created");

  CHECK(create(engine, options, {}).error().code == Code::kExists);
  options.name = "d";
  for (auto breaks : std::vector<std::function<void(CreateOptions&)>>{
           [](CreateOptions& o) { o.volume = {"/no/such/source:/x"}; },
           [](CreateOptions& o) { o.cap_add = {"NO_SUCH"}; },
           [](CreateOptions& o) {
             o.tmpfs = {"/x", "/x"};
           },
           [](CreateOptions& o) { o.network = {"bogus"}; }, [](CreateOptions& o) { o.cidfile = "/no/such/dir/cid"; },
           [](CreateOptions& o) { o.device = {"/no/such/device"}; }, [](CreateOptions& o) { o.stop_signal = "NOPE"; },
           [](CreateOptions& o) { o.name = "a/b"; }}) {
    CreateOptions broken = options;
    breaks(broken);
    CHECK(!create(engine, broken, {}).ok());
  }
  CHECK(list(engine, {.all = true})->size() == 1);
  CHECK(list_dir(engine.paths().containers())->size() == 1);
  REQUIRE(remove(engine, "c", {.volumes = true}).ok());
  CHECK(list_dir(engine.paths().containers())->empty());
  CHECK(list_dir(engine.paths().volumes())->empty());
  CHECK(remove(engine, "c", {}).error().code == Code::kNotFound);
  CHECK(remove(engine, "c", {.force = true}).ok());
}
