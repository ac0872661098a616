// What a layer takes away.
#include "tests/unit/unpack/support.h"

using namespace unpack_test;

TEST_CASE("whiteouts and opaque directories in overlay's form") {
  Target target;
  Tar tar;
  tar.file(".wh.top", "")
      .dir("d")
      .file("d/.wh.gone", "")
      .file("d/kept")
      .dir("o")
      .file("o/.wh..wh..opq", "")
      .file("o/new");
  tar.file("made/.wh..wh..opq", "").file(".wh..wh.plnk/1.2", "").file(".wh..wh.aufs", "");
  const auto unpacked = target.unpack(tar.end());
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  CHECK(target.is_whiteout("top"));
  CHECK(target.is_whiteout("d/gone"));
  CHECK(target.has("d/kept"));
  CHECK(target.xattr("o", "user.overlay.opaque") == "y");
  CHECK(target.xattr("made", "user.overlay.opaque") == "y");
  CHECK(target.xattr("d", "user.overlay.opaque").empty());
  CHECK(list_dir(target.fd())->size() == 4);
}

TEST_CASE("a whiteout hides what lies below and spares what its own layer brings") {
  Target target;
  Tar tar;
  tar.file(".wh.before", "").dir("before").file("before/in").dir("after").file("after/in").file(".wh.after", "");
  tar.file(".wh.implied", "")
      .file("implied/in")
      .file("f", "stays")
      .file(".wh.f", "")
      .file(".wh.g", "")
      .file("g", "new");
  const auto unpacked = target.unpack(tar.end());
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  for (const char* name : {"before", "after", "implied"}) {
    CAPTURE(name);
    CHECK(target.has(std::string(name) + "/in"));
    CHECK(target.xattr(name, "user.overlay.opaque") == "y");
  }
  CHECK(target.read("f") == "stays");
  CHECK(target.read("g") == "new");
}

TEST_CASE("where devices are forbidden, whiteouts are attributes") {
  Target target;
  const std::string bytes = Tar().file("d/.wh.gone", "").file("d/.wh.back", "").file("d/back/in").end();
  const std::string problem = in_child([&]() -> std::string {
    if (!forbid({{SYS_mknodat, EPERM}, {SYS_mknod, EPERM}})) return "no filter";
    auto unpacked = target.unpack(bytes);
    return unpacked.ok() ? "" : unpacked.error().text;
  });
  CHECK(problem == "");
  CHECK(S_ISREG(target.stat("d/gone").st_mode));
  CHECK(target.xattr("d/gone", "user.overlay.whiteout") == "y");
  CHECK(target.xattr("d", "user.overlay.opaque") == "x");
  CHECK(target.xattr("d/back", "user.overlay.opaque") == "y");
  CHECK(target.has("d/back/in"));
}

TEST_CASE("whiteouts of no name are refused") {
  for (const std::string name : {".wh.", "d/.wh..", ".wh..."}) {
    CAPTURE(name);
    Target target;
    const auto unpacked = target.unpack(Tar().dir("d").file(name, "").end());
    REQUIRE(!unpacked.ok());
    CHECK(unpacked.error().code == Code::kInvalid);
    CHECK(contains(unpacked.error().text, name));
    CHECK(target.outside_is_untouched());
  }
}
