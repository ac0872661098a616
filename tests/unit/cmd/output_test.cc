#include "cmd/output/output.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cmd/output/tabwriter.h"
#include "cmd/output/yaml.h"

using namespace creel::cmd;
using nlohmann::json;

TEST_CASE("sizes are in powers of 1000, three digits") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(999) == "999 B");
  CHECK(human_size(1000) == "1 kB");
  CHECK(human_size(27'200'000) == "27.2 MB");
  CHECK(human_size(1'987'655) == "1.99 MB");
  CHECK(human_size(999'600) == "1 MB");
  CHECK(human_size(1'500'000'000'000) == "1.5 TB");
  CHECK(human_size(INT64_MAX) == "9.22 EB");
}

TEST_CASE("durations are in Go units' words") {
  const auto of = [](std::int64_t seconds) { return human_duration(seconds * 1'000'000'000); };
  CHECK(of(-5) == "Less than a second");
  CHECK(of(0) == "Less than a second");
  CHECK(of(1) == "1 second");
  CHECK(of(59) == "59 seconds");
  CHECK(of(60) == "About a minute");
  CHECK(of(119) == "About a minute");
  CHECK(of(120) == "2 minutes");
  CHECK(of(3599) == "59 minutes");
  CHECK(of(3600) == "About an hour");
  CHECK(of(5400) == "2 hours");
  CHECK(of(47L * 3600) == "47 hours");
  CHECK(of(48L * 3600) == "2 days");
  CHECK(of(13L * 86400) == "13 days");
  CHECK(of(14L * 86400) == "2 weeks");
  CHECK(of(59L * 86400) == "8 weeks");
  CHECK(of(60L * 86400) == "2 months");
  CHECK(of(729L * 86400) == "24 months");
  CHECK(of(731L * 86400) == "2 years");
}

TEST_CASE("columns are at least 12 wide and 2 apart; the last is not padded") {
  CHECK(align_columns("REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\n") ==
        "REPOSITORY  TAG         IMAGE ID    CREATED     SIZE\n");
  CHECK(align_columns("A\tB\nlonger than twelve\tx\n") == "A                   B\nlonger than twelve  x\n");
  CHECK(align_columns("\xc3\xa9\tB\n") == "\xc3\xa9           B\n");
  CHECK(align_columns("plain\n") == "plain\n");
}

TEST_CASE("lists: default table, table template, plain template, json") {
  const Listing listing{{{"REPOSITORY", ".Repository"}, {"IMAGE ID", ".ID"}}, {{"SIZE", ".Size"}}};
  const json rows = json::parse(R"([{"Repository": "a/b", "ID": "123", "Size": "1 kB", "Names": ["x"]},
                                    {"Repository": "c", "ID": "456", "Size": "2 kB", "Names": []}])");
  const json documents = json::parse(R"([{"Id": "full"}])");
  CHECK(render_list(listing, "", rows, documents).value() ==
        "REPOSITORY  IMAGE ID\na/b         123\nc           456\n");
  CHECK(render_list(listing, "table {{.ID}} {{.Size}}", rows, documents).value() ==
        "IMAGE ID    SIZE\n123         1 kB\n456         2 kB\n");
  CHECK(render_list(listing, "table {{.ID}}\\t{{len .Names}}", rows, documents).value() ==
        "IMAGE ID    5\n123         1\n456         0\n");
  CHECK(render_list(listing, "{{.ID}}\\t{{.Size}}", rows, documents).value() == "123\t1 kB\n456\t2 kB\n");
  CHECK(render_list(listing, "{{range .}}{{.ID}},{{end}}", rows, documents).value() == "123,456,\n");
  CHECK(render_list(listing, "json", rows, documents).value() == "[\n    {\n        \"Id\": \"full\"\n    }\n]\n");
  CHECK(render_list(listing, "{{ json . }}", rows, documents).value() ==
        render_list(listing, "json", rows, documents).value());
  CHECK(!render_list(listing, "{{.Foo}}", rows, documents).ok());
  CHECK(!render_list(listing, "{{.Foo", json::array(), documents).ok());
  Listing bare = listing;
  bare.no_heading = true;
  CHECK(render_list(bare, "", rows, documents).value() == "a/b         123\nc           456\n");
  CHECK(render_list(listing, "", json::array(), json::array()).value() == "REPOSITORY  IMAGE ID\n");
  CHECK(render_list(listing, "json", json::array(), json::array()).value() == "[]\n");
}

TEST_CASE("text that is not UTF-8 does not stop a listing") {
  const json rows = json::array({{{"ID", "\xff\xfe"}}});
  CHECK(render_list({{{"ID", ".ID"}}, {}}, "json", rows, {}).ok());
  CHECK(render_list({{{"ID", ".ID"}}, {}}, "{{json .ID}}", rows, {}).ok());
}

TEST_CASE("a document as YAML") {
  const json document = json::parse(R"({"host": {"arch": "amd64", "maps": [{"a": 1, "b": "x: y"}], "none": [],
      "words": ["one", "true", "/a/b"]}, "version": "12", "empty": {}, "nil": null, "text": ""})");
  CHECK(yaml_text(document) ==
        "empty: {}\nhost:\n  arch: amd64\n  maps:\n  - a: 1\n    b: \"x: y\"\n  none: []\n  words:\n  - one\n"
        "  - \"true\"\n  - /a/b\nnil: null\ntext: \"\"\nversion: \"12\"\n");
}
