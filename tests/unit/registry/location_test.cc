// Where images are, as users write it.
#include "registry/location.h"

#include <doctest/doctest.h>

using namespace creel;
using namespace creel::registry;

namespace {

Location good(const std::string& text) {
  auto parsed = parse_location(text);
  REQUIRE_MESSAGE(parsed.ok(), text);
  return *parsed;
}

void check(const std::string& text, Transport transport, const std::string& path, const std::string& reference) {
  INFO(text);
  const Location location = good(text);
  CHECK(location.transport == transport);
  CHECK(location.path == path);
  CHECK(location.reference == reference);
}

}  // namespace

TEST_CASE("locations: a registry that is called like a transport is written as a registry") {
  CHECK(good("docker://oci:5000/x").text() == "docker://oci:5000/x");
  CHECK(good("docker://localhost/x").text() == "localhost/x");
}

TEST_CASE("locations: transport, path, reference") {
  check("busybox", Transport::kRegistry, "", "busybox");
  check("docker://localhost:5000/a/b:c", Transport::kRegistry, "", "localhost:5000/a/b:c");
  check("docker:dind", Transport::kRegistry, "", "docker:dind");
  check("localhost:5000/dir:x", Transport::kRegistry, "", "localhost:5000/dir:x");
  check("oci:/a/b", Transport::kOci, "/a/b", "");
  check("oci:out", Transport::kOci, "out", "");
  check("oci:out:", Transport::kOci, "out", "");
  check("oci:/a/b:v1", Transport::kOci, "/a/b", "v1");
  check("oci:a:docker.io/library/busybox:latest", Transport::kOci, "a", "docker.io/library/busybox:latest");
  check("oci-archive:x.tar:v1", Transport::kOciArchive, "x.tar", "v1");
  check("docker-archive:x.tar", Transport::kDockerArchive, "x.tar", "");
  check("docker-archive:x.tar:busybox:1", Transport::kDockerArchive, "x.tar", "busybox:1");
  check("docker-archive:x.tar:@0", Transport::kDockerArchive, "x.tar", "@0");
  check("dir:/a:b", Transport::kDir, "/a:b", "");
  check("dir:5", Transport::kDir, "5", "");
  check("containers-storage:busybox", Transport::kContainersStorage, "", "busybox");
  check("containers-storage:[overlay@/var/lib/x+/run/x]docker.io/library/a:1", Transport::kContainersStorage,
        "overlay@/var/lib/x+/run/x", "docker.io/library/a:1");
}

TEST_CASE("locations: what is malformed, what is not built") {
  for (const char* text :
       {"", "docker://", "oci:", "dir:", "oci::v1", "docker-archive:", "oci:a:-x", "oci:a:x y", "docker-archive:a:@",
        "docker-archive:a:@x", "containers-storage:", "containers-storage:[overlay@/a", "containers-storage:[a]"}) {
    INFO(text);
    const auto parsed = parse_location(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == Code::kInvalid);
  }
  for (const char* text : {"docker-daemon:busybox:latest", "sif:x.sif", "ostree:x", "tarball:x.tar", "atomic:x"}) {
    INFO(text);
    const auto parsed = parse_location(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == Code::kUnsupported);
    CHECK(parsed.error().text.find(text) != std::string::npos);
  }
}

TEST_CASE("locations: written as they were given") {
  for (const char* text : {"busybox", "oci:/a/b:v1", "oci-archive:x.tar", "docker-archive:x:a:1", "dir:/a:b",
                           "containers-storage:[overlay@/a]b", "containers-storage:b"}) {
    CHECK(good(text).text() == text);
  }
}
