#include <doctest/doctest.h>

#include "engine/volume/volume.h"

using namespace creel;
using namespace creel::engine;

TEST_CASE("the options of a volume's driver") {
  CHECK(parse_volume_options({}).value().empty());
  CHECK(parse_volume_options({"type=tmpfs", "device=tmpfs", "o=size=1m,uid=5"}).value() ==
        VolumeOptions{{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=1m,uid=5"}, {"UID", "5"}});
  CHECK(is_mounted({{"type", "tmpfs"}}));
  CHECK_FALSE(is_mounted({{"o", "uid=5"}, {"UID", "5"}}));
  CHECK(parse_volume_options({"nosuch=1"}).error().text ==
        "invalid mount option nosuch for driver 'local': invalid argument");
  CHECK(parse_volume_options({"o=uid="}).error().code == Code::kInvalid);
  CHECK(parse_volume_options({"o=gid=x"}).error().code == Code::kInvalid);
  CHECK(parse_volume_options({"type=none"}).error().code == Code::kInvalid);
  CHECK(parse_volume_options({"o=size=1m"}).error().code == Code::kUnsupported);
}
