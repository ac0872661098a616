#include "engine/container/filters.h"

#include <doctest/doctest.h>

using namespace creel;
using namespace creel::engine;

namespace {

Container example() {
  Container container;
  container.record.id = "0123456789abcdef" + std::string(48, '0');
  container.record.name = "web-1";
  container.record.image = "docker.io/library/nginx:1.25";
  container.record.image_id = "fedcba9876543210" + std::string(48, '0');
  container.record.created_ns = 1700000000000000000;
  container.record.command = R"(["/bin/sh","-c","x"])";
  container.record.labels = R"({"color":"red","empty":""})";
  container.record.mounts = R"(["/data"])";
  container.observed.status = monitor::Status::kExited;
  container.observed.exit = monitor::ExitRecord{.code = 3};
  return container;
}

bool kept(const std::vector<std::string>& texts) {
  Engine engine;
  auto filters = parse_container_filters(texts);
  REQUIRE(filters.ok());
  auto result = matches(engine, example(), *filters);
  REQUIRE(result.ok());
  return *result;
}

}  // namespace

TEST_CASE("filters of ps") {
  for (const char* text :
       {"name=web", "name=^web-[0-9]$", "id=0123", "id=^01", "label=color", "label=color=red",
        "label=empty=", "label!=color=blue", "status=exited", "status=stopped", "exited=3", "ancestor=nginx",
        "ancestor=nginx:1.25", "ancestor=docker.io/library/nginx", "ancestor=fedcba98", "until=2026-01-01T00:00:00Z",
        "command=sh", "volume=/data", "health=none"}) {
    CAPTURE(text);
    CHECK(kept({text}));
  }
  for (const char* text : {"name=^eb", "id=123", "label=colour", "label=color=blue", "label=empty=x", "label!=color",
                           "status=running", "exited=0", "ancestor=nginx:1.26", "ancestor=redis",
                           "ancestor=quay.io/nginx", "until=1600000000", "command=bash", "health=healthy", "pod=x"}) {
    CAPTURE(text);
    CHECK(!kept({text}));
  }
  CHECK(kept({"status=running", "status=exited"}));
  CHECK(!kept({"label=color", "label=absent"}));
  CHECK(!kept({"status=exited", "name=other"}));
}

TEST_CASE("filters that do not exist are errors") {
  for (const char* text : {"nmae=x", "name", "", "status=asleep", "exited=x", "until=yesterday", "=x"}) {
    CAPTURE(text);
    auto filters = parse_container_filters({text});
    REQUIRE(!filters.ok());
    CHECK(filters.error().code == Code::kInvalid);
  }
  CHECK(parse_container_filters({"nmae=x"}).error().hint == "Did you mean \"name\"?");
}
