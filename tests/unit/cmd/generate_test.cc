#include <doctest/doctest.h>

#include "base/text.h"
#include "cmd/generate/run_line.h"
#include "cmd/generate/unit.h"

using namespace creel;
using namespace creel::cmd;

TEST_CASE("units: words that systemd reads back as they were") {
  CHECK(unit_word("plain-1.0:/x=y") == "plain-1.0:/x=y");
  CHECK(unit_word("") == "\"\"");
  CHECK(unit_word(";") == "\";\"");
  CHECK(unit_word("two words") == "\"two words\"");
  CHECK(unit_word("50% of $HOME") == "\"50%% of $$HOME\"");
  CHECK(unit_word("$HOME", false) == "$HOME");
  CHECK(unit_word("a\"b\\c'd") == "\"a\\\"b\\\\c'd\"");
  CHECK(unit_word("line\nbreak\ttab\x01") == "\"line\\nbreak\\x09tab\\x01\"");
}

TEST_CASE("run lines: flags as they were typed, up to the image") {
  auto line = read_run_line({"creel", "--root", "/srv/c", "--timing", "--log-level=info", "container", "run", "-itd", "-eA=1", "-e",
                             "B", "--name=web", "--rm", "--publish", "80:80", "image", "sh", "-d", "--rm"});
  REQUIRE(line.ok());
  CHECK(join(line->program_flags, " ") == "--root /srv/c --log-level=info");
  std::string flags;
  for (const TypedFlag& flag : line->flags) flags += flag.name + "(" + join(flag.words, " ") + ")";
  CHECK(flags ==
        "--interactive(-i)--tty(-t)--detach(-d)--env(-eA=1)--env(-e B)--name(--name=web)--rm(--rm)--publish(--publish "
        "80:80)");
  CHECK(line->value("--name") == "web");
  CHECK(line->value("--env") == "B");
  CHECK(line->value("--cidfile").empty());
  CHECK(join(line->rest, " ") == "image sh -d --rm");
  line->remove("--env");
  CHECK(line->value("--env").empty());
}

TEST_CASE("run lines: what is none, or has words that nobody knows") {
  for (const std::vector<std::string>& argv :
       std::vector<std::vector<std::string>>{{},
                                             {"creel"},
                                             {"creel", "start", "web"},
                                             {"creel", "run", "--no-such-flag", "image"},
                                             {"creel", "run", "--name"}}) {
    CHECK_FALSE(read_run_line(argv).ok());
  }
  auto line = read_run_line({"creel", "create", "--", "image"});
  REQUIRE(line.ok());
  CHECK(line->flags.empty());
  CHECK(join(line->rest, " ") == "image");
}
