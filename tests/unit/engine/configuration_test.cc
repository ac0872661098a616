#include "engine/configuration.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"

using namespace creel;
using namespace creel::engine;

namespace {

// A home directory with configuration files, and none of the caller's variables.
class Home {
 public:
  Home() {
    char name[] = "/tmp/creel-configuration-test.XXXXXX";
    if (mkdtemp(name) == nullptr) std::abort();
    path_ = name;
    setenv("HOME", name, 1);
    for (const char* key : {"XDG_CONFIG_HOME", "CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE"}) unsetenv(key);
  }
  ~Home() {
    for (const char* key : {"XDG_CONFIG_HOME", "CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE"}) unsetenv(key);
    if (auto parent = open_file("/tmp", O_PATH | O_DIRECTORY); parent.ok())
      (void)remove_tree_at(parent->get(), path_.substr(5)).ok();
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = path_ + "/" + name;
    if (!make_dirs(path.substr(0, path.rfind('/'))).ok() || !write_atomic(path, text).ok()) std::abort();
    return path;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr const char* kUsers = ".config/containers/containers.conf";

std::string error_of(const Home& home, const std::string& text) {
  auto loaded = load_configuration(std::vector{home.write("bad.conf", text)});
  return loaded.ok() ? "no error" : loaded.error().text.substr(home.path().size() + 1);
}

}  // namespace

TEST_CASE("containers.conf: absent files set nothing") {
  Home home;
  auto loaded = load_configuration(std::vector{home.path() + "/absent"});
  REQUIRE(loaded.ok());
  CHECK(loaded->runtime.empty());
  CHECK(loaded->files.empty());
}

TEST_CASE("containers.conf: what is read") {
  Home home;
  auto loaded = load_configuration(std::vector{home.write("c", R"(
# [engine]
# runtime = "commented-out"
[containers]
default_ulimits = [
  # a comment within
  "nofile=100:200",
]
log_driver = "json-file"
log_size_max = 4096
shm_size = "1m"
init_path = "/sbin/tiny"
pids_limit = 7
unknown = { key = 1 }
[network]
[engine]
runtime = "mine" # the rest of the line
cgroup_manager = "cgroupfs"
[engine.runtimes]
mine = ["/a", "/b"]
)")});
  REQUIRE(loaded.ok());
  CHECK(loaded->runtime == "mine");
  CHECK(loaded->runtimes["mine"] == std::vector<std::string>{"/a", "/b"});
  CHECK(loaded->cgroup_manager == "cgroupfs");
  CHECK(loaded->log_driver == "json-file");
  CHECK(loaded->log_size_max == 4096);
  CHECK(loaded->default_ulimits == std::vector<std::string>{"nofile=100:200"});
  CHECK(loaded->shm_size == "1m");
  CHECK(loaded->init_path == "/sbin/tiny");
  CHECK(loaded->pids_limit == 7);
}

TEST_CASE("containers.conf: a string of many lines may hold what looks like a comment") {
  Home home;
  auto loaded = load_configuration(std::vector{home.write("c", "[engine]\nruntime = '''\n#name'''\n")});
  REQUIRE(loaded.ok());
  CHECK(loaded->runtime == "#name");
}

TEST_CASE("containers.conf: the user's file, its drop-ins in order, and what the variables name") {
  Home home;
  home.write(kUsers, "[engine]\nruntime = \"a\"\ncgroup_manager = \"systemd\"\n[engine.runtimes]\nx = [\"/1\"]\n");
  home.write(std::string(kUsers) + ".d/10-b.conf", "[engine]\nruntime = \"b\"\n");
  home.write(std::string(kUsers) + ".d/05-c.conf",
             "[engine]\nruntime = \"c\"\n[engine.runtimes]\nx = [\"/2\", {append = true}]\ny = [\"/3\"]\n");
  home.write(std::string(kUsers) + ".d/99.txt", "[engine]\nruntime = \"not a drop-in\"\n");
  auto loaded = load_configuration(true);
  REQUIRE(loaded.ok());
  CHECK(loaded->runtime == "b");
  CHECK(loaded->cgroup_manager == "systemd");
  CHECK(loaded->runtimes["x"] == std::vector<std::string>{"/1", "/2"});
  CHECK(loaded->runtimes["y"] == std::vector<std::string>{"/3"});

  // The user's own is no business of root's.
  auto roots = load_configuration(false);
  REQUIRE(roots.ok());
  CHECK(roots->runtimes.count("y") == 0);

  setenv("CONTAINERS_CONF_OVERRIDE", home.write("o", "[engine]\nruntime = \"o\"\n").c_str(), 1);
  loaded = load_configuration(true);
  REQUIRE(loaded.ok());
  CHECK(loaded->runtime == "o");
  CHECK(loaded->cgroup_manager == "systemd");

  setenv("CONTAINERS_CONF", home.write("only", "[engine]\ncgroup_manager = \"cgroupfs\"\n").c_str(), 1);
  loaded = load_configuration(true);
  REQUIRE(loaded.ok());
  CHECK(loaded->runtime == "o");
  CHECK(loaded->cgroup_manager == "cgroupfs");
  CHECK(loaded->files.size() == 2);

  setenv("CONTAINERS_CONF", (home.path() + "/absent").c_str(), 1);
  loaded = load_configuration(true);
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().text == "CONTAINERS_CONF names " + home.path() + "/absent, which does not exist");
}

TEST_CASE("containers.conf: errors name file and line, or file and key") {
  Home home;
  CHECK(error_of(home, "# one\n\n[engine]\nruntime = x\n").rfind("bad.conf: line 4: ", 0) == 0);
  CHECK(error_of(home, "[engine]\nruntime = 1\n") == "bad.conf: runtime is not a string");
  CHECK(error_of(home, "engine = 1\n") == "bad.conf: engine is not a table");
  CHECK(error_of(home, "[engine.runtimes]\nx = \"/a\"\n") == "bad.conf: x is not a list of strings");
  CHECK(error_of(home, "[containers]\npids_limit = \"many\"\n") == "bad.conf: pids_limit is not a whole number");
}
