#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cmd/output/output.h"

using creel::cmd::render_template;
using nlohmann::json;

namespace {

const json& document() {
  static const json value = json::parse(R"({
    "Name": "web", "Size": 1024, "Running": true, "Paused": false, "Ratio": 2.5, "Empty": "", "None": null,
    "Names": ["a", "b", "c"],
    "State": {"Status": "running", "Pid": 42},
    "Config": {"Timeout": 7, "Healthcheck": {"Interval": 90000000000, "Timeout": 1500000000, "StartPeriod": 0, "Retries": 3}},
    "Labels": {"stage": "prod", "team": "x"},
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "81/tcp": null}},
    "Mounts": [{"Source": "/a", "Destination": "/b"}, {"Source": "/c", "Destination": "/d"}]
  })");
  return value;
}

std::string rendered(const std::string& text) {
  auto result = render_template(text, document());
  REQUIRE_MESSAGE(result.ok(), text, " -> ", result.ok() ? "" : result.error().text);
  return *result;
}

std::string refused(const std::string& text) {
  auto result = render_template(text, document());
  REQUIRE_MESSAGE(!result.ok(), text);
  return result.error().text;
}

}  // namespace

TEST_CASE("fields, literals and chains") {
  CHECK(rendered("{{.Name}}") == "web");
  CHECK(rendered("{{.State.Status}}/{{.state.pid}}") == "running/42");
  CHECK(rendered("{{.Running}} {{.Size}} {{.Ratio}}") == "true 1024 2.5");
  CHECK(rendered("{{.Names}} {{.Labels}}") == "[a b c] map[stage:prod team:x]");
  CHECK(rendered("{{\"q\\\"\\t\\x41\\u00e9\"}}{{`raw\\n`}}") == "q\"\tA\xc3\xa9raw\\n");
  CHECK(rendered("{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}") == "8080");
  CHECK(rendered("{{1}} {{-2}} {{1.5}} {{true}}") == "1 -2 1.5 true");
}

TEST_CASE("an absent key of a map is not a mistake, an absent field is") {
  CHECK(rendered("{{.Labels.absent}}") == "<no value>");
  CHECK(rendered("{{index .Labels \"absent\"}}.") == ".");
  CHECK(rendered("{{.Label \"stage\"}}{{.Label \"absent\"}}") == "prod");
  CHECK(refused("{{.Stat}}") == "template: at <.Stat>: can't evaluate field Stat");
  auto result = render_template("{{.Stat}}", document());
  CHECK(result.error().hint == "Did you mean .State?");
  CHECK(refused("{{.Name.Foo}}") == "template: at <.Name.Foo>: can't evaluate field Foo in web");
}

TEST_CASE("pipelines and functions") {
  CHECK(rendered("{{.Name | upper | printf \"%s-%d\" | json}}") == "\"WEB-%!d(MISSING)\"");
  CHECK(rendered("{{printf \"%-5s|%5s|%05d|%x|%q|%v|%.1f|%t|%%\" .Name .Name 42 255 .Name .Names 2.25 true}}") ==
        "web  |  web|00042|ff|\"web\"|[a b c]|2.2|true|%");
  CHECK(rendered("{{printf \"%d\" .Name}}") == "%!d(string=web)");
  CHECK(rendered("{{json .State}}") == R"({"Pid":42,"Status":"running"})");
  CHECK(rendered("{{join .Names \",\"}}") == "a,b,c");
  CHECK(rendered("{{split \"a:b\" \":\"}} {{len .Names}} {{len .Name}} {{len .None}}") == "[a b] 3 3 0");
  CHECK(rendered("{{upper .Name}}{{lower \"ABC\"}}{{title \"hello big world\"}}") == "WEBabcHello Big World");
  CHECK(rendered("{{pad .Name 1 2}}|{{truncate \"abcdef\" 3}}|{{truncate \"\xc3\xa9\xc3\xa9\" 3}}") ==
        " web  |abc|\xc3\xa9");
  CHECK(rendered("{{slice .Name 1 2}}{{slice .Names 1}}{{index .Names 2}}") == "e[b c]c");
  CHECK(rendered("{{print 1 2 \"x\" \"y\"}}{{println \"z\"}}") == "1 2xyz\n");
  CHECK(rendered("{{html \"<a&b>\"}} {{urlquery \"a b/c\"}}") == "&lt;a&amp;b&gt; a+b%2Fc");
}

TEST_CASE("comparison and logic") {
  CHECK(rendered("{{eq .Name \"x\" \"web\"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1 2}}") ==
        "true true true true true false");
  CHECK(rendered("{{and .Running .Name}} {{or .Empty \"d\"}} {{not .Paused}}") == "web d true");
  CHECK(rendered("{{or .Running (index .Names 9)}}") == "true");
  CHECK(refused("{{eq .Name 1}}") == "template: error calling eq: incompatible types for comparison");
}

TEST_CASE("if, with, range and variables") {
  CHECK(rendered("{{if .Running}}up{{else}}down{{end}}") == "up");
  CHECK(rendered("{{if .Paused}}p{{else if eq .Name \"web\"}}w{{else}}n{{end}}") == "w");
  CHECK(rendered("{{if .Paused}}p{{else if .Empty}}w{{else}}n{{end}}!") == "n!");
  CHECK(rendered("{{with .State}}{{.Pid}}{{$.Name}}{{end}}{{with .Empty}}x{{else}}none{{end}}") == "42webnone");
  CHECK(rendered("{{range .Mounts}}{{.Source}}:{{.Destination}} {{end}}") == "/a:/b /c:/d ");
  CHECK(rendered("{{range $i, $n := .Names}}{{$i}}={{$n}};{{end}}") == "0=a;1=b;2=c;");
  CHECK(rendered("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}") == "stage=prod;team=x;");
  CHECK(rendered("{{range $p, $c := .NetworkSettings.Ports}}{{$p}} -> {{range $c}}{{.HostPort}}{{end}};{{end}}") ==
        "80/tcp -> 8080;81/tcp -> ;");
  CHECK(rendered("{{range .None}}x{{else}}empty{{end}}") == "empty");
  CHECK(rendered("{{range .Names}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}") == "ac");
  CHECK(rendered("{{range .Names}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}") == "a");
  CHECK(rendered("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}") == "2");
  CHECK(rendered("{{$x := .Name}}{{with .State}}{{$x}}{{end}}") == "web");
  CHECK(rendered("{{range 3}}{{.}}{{end}}") == "012");
}

TEST_CASE("trim markers and comments") {
  CHECK(rendered("a  {{- .Name -}}  b") == "awebb");
  CHECK(rendered("a {{/* no */}} b{{- /* trimmed */ -}} c") == "a  bc");
  CHECK(rendered("{{\"}}\"}}") == "}}");
}

TEST_CASE("a template that does not parse is refused") {
  for (const char* text : {"{{.Name",
                           "{{",
                           "{{if}}x{{end}}",
                           "{{end}}",
                           "{{else}}",
                           "{{if .Name}}",
                           "{{range .Names}}",
                           "{{.Name | foo}}",
                           "{{foo}}",
                           "{{$x}}",
                           "{{.Name 1}}",
                           "{{(.Name}}",
                           "{{\"a}}",
                           "{{'}}",
                           "{{break}}",
                           "{{|}}",
                           "{{.Name |}}",
                           "{{len}}",
                           "{{index .Names 9}}",
                           "{{index .Names \"x\"}}",
                           "{{slice .Name 2 1}}",
                           "{{range true}}{{end}}",
                           "{{\"\\q\"}}",
                           "{{1x}}",
                           "{{.Name}x}}",
                           "{{define \"x\"}}{{end}}",
                           "{{if .Name}}{{else}}{{else}}{{end}}",
                           "{{$a, $b, $c := .Names}}",
                           "{{/* x",
                           "{{{{}}}}",
                           "{{.Na-me}}",
                           "{{$x = 1}}"}) {
    auto result = render_template(text, document());
    CHECK_MESSAGE(!result.ok(), text);
  }
  CHECK(!render_template(std::string(3000, '('), document()).value().empty());
  CHECK(!render_template("{{" + std::string(3000, '('), document()).ok());
  CHECK(!render_template("{{" + std::string(3000, '(') + "1" + std::string(3000, ')') + "}}", document()).ok());
  std::string nested;
  for (int i = 0; i < 2000; ++i) nested += "{{if true}}";
  CHECK(!render_template(nested, document()).ok());
}

TEST_CASE("durations of a health check print as Go's, and stay numbers as JSON") {
  CHECK(rendered("{{.Config.Healthcheck.Interval}} {{.Config.Healthcheck.Timeout}} {{.Config.Healthcheck.StartPeriod}}") == "1m30s 1.5s 0s");
  CHECK(rendered("{{with .Config.Healthcheck}}{{.Interval}} {{.Retries}}{{end}} {{.Config.Timeout}}") == "1m30s 3 7");
  CHECK(rendered("{{json .Config.Healthcheck.Interval}}") == "90000000000");
}
