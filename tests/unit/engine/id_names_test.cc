#include "engine/container/id_names.h"

#include <doctest/doctest.h>

using creel::engine::IdNames;
using creel::engine::IdView;

TEST_CASE("names of IDs: the first line counts, numbers stand for themselves, hostile lines are passed over") {
  const IdNames names("root:x:0:0:root:/:/bin/sh\ntoor:x:0:0\nbad\n:x:5:\na\x1b[2J:x:6:\nx:x:-1:\ny:x:99999999999:\nbin:x:1:1::\n");
  CHECK(names.of(0) == "root");
  CHECK(names.of(1) == "bin");
  CHECK(names.of(5) == "5");
  CHECK(names.of(6) == "6");
  CHECK(names.of(std::vector<std::uint32_t>{1, 7, 0}) == "bin,7,root");
  CHECK(names.of(std::vector<std::uint32_t>{}).empty());
  CHECK(IdNames().of(3) == "3");
}

TEST_CASE("IDs as a user namespace has them") {
  const IdView view("         0       1000          1\n         1     100000      65536\n");
  CHECK(view.inside(1000) == 0);
  CHECK(view.inside(100000) == 1);
  CHECK(view.inside(165535) == 65536);
  CHECK(view.inside(165536) == 65534);
  CHECK(view.inside(0) == 65534);
}
