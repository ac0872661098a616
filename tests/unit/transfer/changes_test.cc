// import --change.
#include "engine/image/transfer/changes.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using creel::engine::transfer::apply_change;
using nlohmann::json;

namespace {

json changed(std::initializer_list<const char*> changes) {
  json config = json::object();
  for (const char* change : changes) {
    const auto done = apply_change(change, config);
    CHECK_MESSAGE(done.ok(), change);
  }
  return config;
}

}  // namespace

TEST_CASE("instructions, in both spellings") {
  CHECK(changed({R"(CMD ["a","b c"])"}) == json{{"Cmd", {"a", "b c"}}});
  CHECK(changed({"CMD echo $HOME"}) == json{{"Cmd", {"/bin/sh", "-c", "echo $HOME"}}});
  CHECK(changed({"CMD=/bin/bash"}) == json{{"Cmd", {"/bin/sh", "-c", "/bin/bash"}}});
  CHECK(changed({R"(entrypoint ["x"])"}) == json{{"Entrypoint", {"x"}}});
  CHECK(changed({"ENV A=b", "ENV C='d e' F=g", "ENV A=z", "ENV OLD one two"}) ==
        json{{"Env", {"A=z", "C=d e", "F=g", "OLD=one two"}}});
  CHECK(changed({"LABEL a=b \"c d\"=e"}) == json{{"Labels", {{"a", "b"}, {"c d", "e"}}}});
  CHECK(changed({"EXPOSE 80 53/UDP 1000-1002"}) ==
        json{{"ExposedPorts",
              {{"80/tcp", json::object()}, {"53/udp", json::object()}, {"1000-1002/tcp", json::object()}}}});
  CHECK(changed({R"(VOLUME ["/a"])", "VOLUME /b /c"}) ==
        json{{"Volumes", {{"/a", json::object()}, {"/b", json::object()}, {"/c", json::object()}}}});
  CHECK(changed({"USER 1000:100", "WORKDIR /srv", "STOPSIGNAL INT", "ONBUILD RUN x"}) ==
        json{{"User", "1000:100"}, {"WorkingDir", "/srv"}, {"StopSignal", "INT"}, {"OnBuild", {"RUN x"}}});
}

TEST_CASE("what is malformed is refused by name") {
  for (const char* bad : {"", "CMD", "ENV", "ENV A", "ENV =b", "EXPOSE 0", "EXPOSE 80/icmp", "EXPOSE x", "RUN true",
                          "LABEL a='b", "NOSUCH x"}) {
    json config = json::object();
    const auto done = apply_change(bad, config);
    REQUIRE_MESSAGE(!done.ok(), bad);
    CHECK(done.error().text.find("invalid change") != std::string::npos);
  }
}
