#include "engine/node_storage.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/unit/base/support.h"

using namespace creel;
using namespace creel::engine;
using namespace creel::test;

TEST_CASE("rootless_storage_path, with what it may name") {
  CHECK(rootless_storage_path("[storage]\nrootless_storage_path = \"/scratch/$UID/storage\"\n") ==
        "/scratch/" + std::to_string(getuid()) + "/storage");
  for (const char* text : {"", "[storage]\ndriver = \"overlay\"\n", "[storage]\nrootless_storage_path = 7\n", "[storage",
                           "[storage]\nrootless_storage_path = \"relative\"\n"}) {
    CAPTURE(text);
    CHECK(rootless_storage_path(text).empty());
  }
}

TEST_CASE("a name for each home") {
  const std::string name = node_store_name("/home/ann/.local/share/creel");
  CHECK(name.starts_with("creel-" + std::to_string(getuid()) + "-"));
  CHECK(name.find('/') == std::string::npos);
  CHECK(name == node_store_name("/home/ann/.local/share/creel"));
  CHECK(name != node_store_name("/home/bob/.local/share/creel"));
}

TEST_CASE("where: as the variable says, else Podman's disk, else the usual places") {
  TempDir dir;
  const std::string conf = dir / "storage.conf";
  REQUIRE(write_atomic(conf, "[storage]\nrootless_storage_path = \"/scratch/x/storage\"\n").ok());
  const int code = in_child([&] {
    setenv("CONTAINERS_STORAGE_CONF", conf.c_str(), 1);
    unsetenv("CREEL_NODE_STORAGE");
    if (node_directories() != std::vector<std::string>{"/scratch/x", "/var/tmp", "/tmp"}) return 1;
    setenv("CREEL_NODE_STORAGE", "/disk", 1);
    return node_directories() == std::vector<std::string>{"/disk"} ? 0 : 2;
  });
  CHECK(code == 0);
}
