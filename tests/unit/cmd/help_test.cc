#include "cmd/help.h"

#include <doctest/doctest.h>

#include <cstring>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/image_plane.h"
#include "cmd/unbuilt.h"

namespace creel::cmd {

std::unique_ptr<Handler> (*image_plane_factory(std::string_view))() {
  return nullptr;
}

}  // namespace creel::cmd

using namespace creel::cmd;

namespace {

// Text that users read is a file beside this test; UPDATE_GOLDEN=1 accepts what is printed now.
void check_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(__FILE__).substr(0, std::string(__FILE__).rfind('/')) + "/golden/" + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    REQUIRE(creel::write_atomic(path, text, 0644).ok());
  }
  auto expected = creel::read_file(path);
  REQUIRE(expected.ok());
  CHECK(text == *expected);
}

// Creel's alone: neither Podman nor Docker has such a command.
bool of_creel_alone(std::string_view path) {
  return path == "doctor";
}

// What skopeo inspect has: it inspects what is in registries, which Podman and Docker do not.
bool of_skopeo(std::string_view path, std::string_view flag) {
  if (path != "image inspect") return false;
  return flag == "--authfile" || flag == "--cert-dir" || flag == "--creds" || flag == "--tls-verify";
}

}  // namespace

TEST_CASE("help reads as its golden files") {
  check_golden("creel.txt", program_help());
  check_golden("container.txt", group_help("container"));
  check_golden("image.txt", group_help("image"));
  check_golden("system.txt", group_help("system"));
  check_golden("volume.txt", group_help("volume"));
  check_golden("manifest.txt", group_help("manifest"));
  for (const char* path : {"images", "rmi", "inspect", "run", "create", "exec", "ps", "logs", "start", "stop", "kill",
                           "pause", "stats", "update", "rm", "wait", "port", "attach"}) {
    REQUIRE(find_command(path) != nullptr);
    check_golden(std::string(path) + ".txt", command_help(*find_command(path)));
  }
}

TEST_CASE("the table is sorted, without doubles, and says what each command is for") {
  const Command* previous = nullptr;
  for (const Command& command : table()) {
    if (previous != nullptr) CHECK(std::strcmp(previous->path, command.path) < 0);
    previous = &command;
    CHECK_MESSAGE(*command.summary != '\0', std::string(command.path));
    CHECK_MESSAGE(std::string_view(command.summary).back() != '.', std::string(command.path));
    CHECK_MESSAGE((command.max_args < 0 || command.max_args >= command.min_args), std::string(command.path));
    // What has a name of its own in Podman or Docker keeps it.
    if (!command.hidden && !of_creel_alone(command.path))
      CHECK_MESSAGE(known_command(command.path), std::string(command.path));
    const std::string_view path = command.path;
    if (const std::size_t space = path.find(' '); space != std::string_view::npos)
      CHECK(is_group(path.substr(0, space)));
  }
}

TEST_CASE("a command declares each flag once, under names that Podman or Docker users know") {
  for (const Command& command : table()) {
    if (command.make == nullptr || std::string_view(command.path).starts_with("__") || of_creel_alone(command.path))
      continue;
    Flags flags;
    command.make()->declare(flags);
    std::set<std::string> seen;
    for (const FlagInfo& info : flags.infos()) {
      CHECK_MESSAGE((info.hidden || !info.help.empty()), std::string(command.path), " ", info.names);
      CHECK_MESSAGE(info.boolean == info.placeholder.empty(), std::string(command.path), " ", info.names);
      for (const std::string& name : creel::split(info.names, ',')) {
        CHECK_MESSAGE(seen.insert(name).second, std::string(command.path), " declares ", name, " twice");
        CHECK_MESSAGE((info.hidden || known_flag(command.path, name) || of_skopeo(command.path, name)),
                      std::string(command.path), " ", name);
      }
    }
  }
}

TEST_CASE("every known command that is not built is refused by name") {
  CHECK(find_command("build") == nullptr);
  CHECK(known_command("build"));
  CHECK(find_command("image ls") != nullptr);
  CHECK((find_command("image ls")->make == find_command("images")->make));
  CHECK(find_command("") == nullptr);
}
