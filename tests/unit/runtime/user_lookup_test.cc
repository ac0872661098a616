// --user against files that an image's author wrote.
#include "engine/runtime/child/user_lookup.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

class Image {
 public:
  Image() {
    char path[] = "/tmp/creel-users-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    path_ = path;
    REQUIRE(make_dirs(path_ + "/etc").ok());
    auto opened = open_file(path_, O_PATH | O_DIRECTORY);
    REQUIRE(opened.ok());
    root_ = std::move(*opened);
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image() { (void)remove_tree_at(AT_FDCWD, path_).ok(); }
  void write(const std::string& name, const std::string& text) {
    REQUIRE(write_atomic(path_ + "/etc/" + name, text, 0644).ok());
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Result<ResolvedUser> find(const std::string& name) const {
    UserStep user;
    user.name = name;
    return resolve_user(root_.get(), user);
  }
  [[nodiscard]] Result<ResolvedUser> find(const UserStep& user) const { return resolve_user(root_.get(), user); }

 private:
  std::string path_;
  Fd root_;
};

using Groups = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("names, numbers and groups") {
  Image image;
  image.write("passwd", "root:x:0:0:root:/root:/bin/sh\npg:x:70:71::/var/lib/pg:/bin/sh\n");
  image.write("group", "root:x:0:\npg:x:71:\nssl:x:101:www,pg\nwww:x:33:www\nlast:x:102:pg");
  auto user = image.find("pg");
  REQUIRE(user.ok());
  CHECK(user->uid == 70);
  CHECK(user->gid == 71);
  CHECK(user->home == "/var/lib/pg");
  CHECK(user->groups == Groups{101, 102});
  CHECK(image.find("70")->gid == 71);
  CHECK(image.find("pg:www")->gid == 33);
  CHECK(image.find("pg:www")->groups.empty());
  CHECK(image.find("pg:555")->gid == 555);
  auto stranger = image.find("4000");
  REQUIRE(stranger.ok());
  CHECK(stranger->uid == 4000);
  CHECK(stranger->gid == 0);
  CHECK(stranger->home == "/");
  CHECK(image.find("nobody").error().text == "unable to find user nobody: no matching entries in passwd file");
  CHECK(image.find("pg:nogroup").error().text == "unable to find group nogroup: no matching entries in group file");
  UserStep by_number{70, 5, {9}, {}};
  CHECK(image.find(by_number)->home == "/var/lib/pg");
  CHECK(image.find(by_number)->gid == 5);
}

TEST_CASE("an image without the files") {
  const Image image;
  CHECK(image.find("root")->uid == 0);
  CHECK(image.find("12:34")->gid == 34);
  CHECK(!image.find("someone").ok());
}

TEST_CASE("hostile files") {
  Image image;
  image.write("passwd",
              "\n:::::::\nshort:x:1\nbad:x:-1:0::/:\nbad:x:99999999999999999999:0::/:\nbad:x:4294967295:0::/:\n"
              "bad:x: 5:0::/:\nbad:x:7:eight::/:\nbad:x:8:9::/bad:/bin/sh\nempty:x:10:10:::\n" +
                  std::string("nul\0l:x:0:0::/:\n", 16) + std::string(100000, 'a') + ":x:0:0::/:");
  image.write("group", "g:x:-5:bad\ng:x:notanumber:bad\n:x:6:bad\nnomembers:x:7\nok:x:12:bad,bad,,bad\n");
  auto bad = image.find("bad");
  REQUIRE(bad.ok());
  CHECK(bad->uid == 8);
  CHECK(bad->gid == 9);
  CHECK(bad->groups == Groups{12});
  CHECK(image.find("empty")->home == "/");
  CHECK(!image.find("short").ok());
  CHECK(!image.find("nul").ok());
  CHECK(!image.find("4294967295").ok());
  CHECK(!image.find("-1").ok());
}

TEST_CASE("many groups are bounded") {
  Image image;
  image.write("passwd", "u:x:1:1::/:\n");
  std::string groups;
  for (int i = 0; i < 5000; ++i) {
    groups += 'g';
    groups += std::to_string(i) + ":x:" + std::to_string(1000 + i) + ":u\n";
  }
  image.write("group", groups);
  CHECK(image.find("u")->groups.size() == 1024);
}

TEST_CASE("links stay inside, and what blocks is not waited for") {
  Image image;
  image.write("real", "root:x:0:0::/root:\nlinked:x:5:5::/:\n");
  REQUIRE(symlink("/etc/real", (image.path() + "/etc/passwd").c_str()) == 0);
  CHECK(image.find("linked")->uid == 5);
  // Out of the image, by any number of steps up: it is the image's own that is found.
  REQUIRE(unlink((image.path() + "/etc/passwd").c_str()) == 0);
  REQUIRE(symlink("../../../../../../../etc/real", (image.path() + "/etc/passwd").c_str()) == 0);
  CHECK(image.find("linked")->uid == 5);
  // A FIFO that nobody writes to.
  REQUIRE(unlink((image.path() + "/etc/passwd").c_str()) == 0);
  REQUIRE(mkfifo((image.path() + "/etc/passwd").c_str(), 0644) == 0);
  CHECK(!image.find("linked").ok());
}
