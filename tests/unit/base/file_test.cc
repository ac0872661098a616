#include "base/file.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/unit/base/support.h"

using namespace creel;
using namespace creel::test;

namespace {

// UIDs that no machine of ours gives to anybody.
constexpr uid_t kStranger = 54321;

// Runs as a user without rights: as root, root's rights would hide what is tested.
template <typename Work>
int as_stranger(const Work& work) {
  return in_child([&] {
    if (geteuid() == 0 &&
        (setresgid(kStranger, kStranger, kStranger) != 0 || setresuid(kStranger, kStranger, kStranger) != 0))
      return 99;
    return work();
  });
}

}  // namespace

TEST_CASE("an atomic write replaces the whole file, and leaves no temporary file") {
  TempDir dir;
  for (auto durability : {Durability::kVolatile, Durability::kSynced}) {
    REQUIRE(write_atomic_at(dir.fd(), "f", "old", 0640, durability).ok());
    REQUIRE(write_atomic(dir / "f", "new text", 0640, durability).ok());
    CHECK(*read_file(dir / "f") == "new text");
  }
  CHECK(mode_of(dir / "f") == 0640);
  CHECK(list_dir(dir.fd())->size() == 1);
  CHECK(write_atomic(dir / "no/f", "x").error().code == Code::kNotFound);
}

TEST_CASE("an atomic write replaces a symbolic link, and does not write through it") {
  TempDir dir;
  REQUIRE(write_atomic(dir / "target", "mine").ok());
  REQUIRE(symlink("target", (dir / "f").c_str()) == 0);
  REQUIRE(write_atomic(dir / "f", "yours").ok());
  CHECK(*read_file(dir / "target") == "mine");
  CHECK(*read_file(dir / "f") == "yours");
}

TEST_CASE("temporary files of a killed process that had the same PID are in nobody's way") {
  TempDir dir;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "f.tmp." + std::to_string(getpid()) + "." + std::to_string(i);
    REQUIRE(open_at(dir.fd(), name, O_WRONLY | O_CREAT, 0600).ok());
  }
  CHECK(write_atomic_at(dir.fd(), "f", "x").ok());
  CHECK(*read_file(dir / "f") == "x");
}

TEST_CASE("a write that fails leaves the old content and nothing else") {
  TempDir dir;
  REQUIRE(mkdir((dir / "f").c_str(), 0700) == 0);
  auto written = write_atomic(dir / "f", "x");
  REQUIRE(!written.ok());
  CHECK(written.error().text.find(dir / "f") != std::string::npos);
  CHECK(list_dir(dir.fd())->size() == 1);

  REQUIRE(write_atomic(dir / "g", "old").ok());
  const int code = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4, 4};
    setrlimit(RLIMIT_FSIZE, &limit);
    return write_atomic(dir / "g", "more than four bytes").ok() ? 1 : 0;
  });
  CHECK(code == 0);
  CHECK(*read_file(dir / "g") == "old");
  CHECK(list_dir(dir.fd())->size() == 2);
}

TEST_CASE("a reader sees the old or the new, never a part") {
  TempDir dir("/dev/shm");
  const std::string a(100000, 'a'), b(50000, 'b');
  REQUIRE(write_atomic(dir / "f", a).ok());
  const pid_t writer = start_child([&] {
    for (int i = 0; i < 300; ++i) {
      if (!write_atomic(dir / "f", i % 2 == 0 ? b : a).ok()) return 1;
    }
    return 0;
  });
  int status = 0;
  int torn = 0;
  while (waitpid(writer, &status, WNOHANG) == 0) {
    auto text = read_file(dir / "f");
    if (!text.ok() || (*text != a && *text != b)) ++torn;
  }
  CHECK(status == 0);
  CHECK(torn == 0);
}

TEST_CASE("beneath means beneath") {
  TempDir dir;
  REQUIRE(make_dirs(dir / "root/sub").ok());
  REQUIRE(write_atomic(dir / "outside", "secret").ok());
  REQUIRE(write_atomic(dir / "root/sub/f", "fine").ok());
  REQUIRE(symlink("../outside", (dir / "root/up").c_str()) == 0);
  REQUIRE(symlink((dir / "outside").c_str(), (dir / "root/absolute").c_str()) == 0);
  REQUIRE(symlink("sub", (dir / "root/link").c_str()) == 0);
  REQUIRE(symlink("/sub/f", (dir / "root/inner").c_str()) == 0);
  auto root = open_file(dir / "root", O_RDONLY | O_DIRECTORY);
  REQUIRE(root.ok());
  CHECK(open_beneath(root->get(), "sub/f", O_RDONLY).ok());
  CHECK(open_beneath(root->get(), "sub/../sub/f", O_RDONLY).ok());
  for (const std::string bad :
       {"../outside", "sub/../../outside", "up", "absolute", "link/f", "inner", "/etc/passwd"}) {
    CAPTURE(bad);
    CHECK(!open_beneath(root->get(), bad, O_RDONLY).ok());
  }
  CHECK(open_beneath(root->get(), "/etc/passwd", O_RDONLY).error().err == EXDEV);
  // As if the directory were "/".
  CHECK(*read_all(open_in_root(root->get(), "inner", O_RDONLY)->get()) == "fine");
  CHECK(open_in_root(root->get(), "link/f", O_RDONLY).ok());
  CHECK(open_in_root(root->get(), "../../../sub/f", O_RDONLY).ok());
  CHECK(open_in_root(root->get(), "up", O_RDONLY).error().err == ENOENT);
  CHECK(open_in_root(root->get(), "absolute", O_RDONLY).error().err == ENOENT);
  auto made = open_in_root(root->get(), "/sub/new", O_WRONLY | O_CREAT, 0600);
  CHECK(made.ok());
  CHECK(path_exists(dir / "root/sub/new"));
  CHECK((fcntl(made->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("reading stops at its limit") {
  TempDir dir;
  REQUIRE(write_atomic(dir / "f", std::string(1000, 'x')).ok());
  CHECK(read_file(dir / "f", 1000)->size() == 1000);
  CHECK(read_file(dir / "f", 999).error().code == Code::kInvalid);
  CHECK(read_file(dir / "f", 999).error().text.find(dir / "f") != std::string::npos);
  CHECK(!read_file("/dev/zero", 1 << 16).ok());
  CHECK(!read_file("/proc/self/stat")->empty());
  CHECK(read_file("/no/such").error().code == Code::kNotFound);
  CHECK(!read_file(dir.path()).ok());
}

TEST_CASE("mkdir -p") {
  TempDir dir;
  REQUIRE(make_dirs(dir / "a/b//c/", 0750).ok());
  CHECK(mode_of(dir / "a/b/c") == 0750);
  REQUIRE(chmod((dir / "a").c_str(), 0711) == 0);
  CHECK(make_dirs(dir / "a/b/c", 0700).ok());
  CHECK(mode_of(dir / "a") == 0711);
  CHECK(mode_of(dir / "a/b/c") == 0750);
  REQUIRE(write_atomic(dir / "file", "").ok());
  CHECK(!make_dirs(dir / "file").ok());
  CHECK(!make_dirs(dir / "file/x").ok());
  CHECK(!make_dirs("").ok());
}

TEST_CASE("removing a tree: links are removed, what they point to is not") {
  TempDir dir;
  REQUIRE(make_dirs(dir / "outside/keep").ok());
  REQUIRE(write_atomic(dir / "outside/keep/f", "x").ok());
  REQUIRE(make_dirs(dir / "tree/a/b").ok());
  REQUIRE(symlink("../outside", (dir / "tree/up").c_str()) == 0);
  REQUIRE(symlink((dir / "outside").c_str(), (dir / "tree/a/absolute").c_str()) == 0);
  REQUIRE(symlink("nowhere", (dir / "tree/a/b/dangling").c_str()) == 0);
  REQUIRE(mkfifo((dir / "tree/fifo").c_str(), 0600) == 0);
  REQUIRE(link((dir / "outside/keep/f").c_str(), (dir / "tree/hard").c_str()) == 0);
  REQUIRE(remove_tree_at(dir.fd(), "tree").ok());
  CHECK(!path_exists(dir / "tree"));
  CHECK(*read_file(dir / "outside/keep/f") == "x");

  // The tree itself may be a link, a file, or not there.
  REQUIRE(symlink("outside", (dir / "link").c_str()) == 0);
  REQUIRE(remove_tree_at(dir.fd(), "link").ok());
  REQUIRE(remove_tree_at(dir.fd(), "link").ok());
  CHECK(path_exists(dir / "outside/keep/f"));
  CHECK(!path_exists(dir / "link"));
}

TEST_CASE("removing a tree: directories without rights") {
  TempDir dir;
  REQUIRE(chmod(dir.path().c_str(), 0777) == 0);
  const int code = as_stranger([&] {
    if (!make_dirs(dir / "tree/closed/deep").ok() || !make_dirs(dir / "tree/readonly").ok()) return 1;
    if (!write_atomic(dir / "tree/closed/deep/f", "x").ok() || !write_atomic(dir / "tree/readonly/f", "x").ok())
      return 2;
    chmod((dir / "tree/closed/deep").c_str(), 0111);
    chmod((dir / "tree/closed").c_str(), 0);
    chmod((dir / "tree/readonly").c_str(), 0500);
    chmod((dir / "tree").c_str(), 0);
    return remove_tree_at(dir.fd(), "tree").ok() ? 0 : 3;
  });
  CHECK(code == 0);
  CHECK(!path_exists(dir / "tree"));
}

TEST_CASE("removing a tree: what belongs to another stays, with an error that names it") {
  if (geteuid() != 0) {
    MESSAGE("skipped: needs root to make another's files");
    return;
  }
  TempDir dir;
  REQUIRE(make_dirs(dir / "tree/theirs").ok());
  REQUIRE(chmod(dir.path().c_str(), 0777) == 0);
  const int code = as_stranger([&] {
    auto removed = remove_tree_at(dir.fd(), "tree");
    return !removed.ok() && removed.error().text.find("tree") != std::string::npos &&
                   removed.error().code == Code::kDenied
               ? 0
               : 1;
  });
  CHECK(code == 0);
  CHECK(path_exists(dir / "tree/theirs"));
}

TEST_CASE("removing a tree: deeper than descriptors and paths go") {
  TempDir dir("/dev/shm");
  const int code = in_child([&] {
    const rlimit few{64, 64};
    setrlimit(RLIMIT_NOFILE, &few);
    auto at = open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 5000; ++i) {
      if (mkdirat(at->get(), "directory", 0700) != 0) return 1;
      at = open_at(at->get(), "directory", O_RDONLY | O_DIRECTORY);
      if (!at.ok()) return 2;
    }
    at = Fd();
    return remove_tree_at(dir.fd(), "directory").ok() ? 0 : 3;
  });
  CHECK(code == 0);
  CHECK(list_dir(dir.fd())->empty());
}

TEST_CASE("removing a tree: a mount is not crossed, not even a bind mount of the same file system") {
  TempDir dir;
  REQUIRE(make_dirs(dir / "data").ok());
  REQUIRE(write_atomic(dir / "data/f", "x").ok());
  REQUIRE(make_dirs(dir / "tree/mounted").ok());
  REQUIRE(make_dirs(dir / "top").ok());
  const int code = in_child([&] {
    if (unshare(CLONE_NEWNS) != 0) return 77;
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (mount((dir / "data").c_str(), (dir / "tree/mounted").c_str(), nullptr, MS_BIND, nullptr) != 0) return 77;
    if (mount((dir / "data").c_str(), (dir / "top").c_str(), nullptr, MS_BIND, nullptr) != 0) return 77;
    auto at = open_file(dir.path(), O_RDONLY | O_DIRECTORY);
    auto inner = remove_tree_at(at->get(), "tree");
    auto top = remove_tree_at(at->get(), "top");
    if (inner.ok() || top.ok()) return 1;
    if (inner.error().text != "remove mounted: something is mounted there" || top.error().code != Code::kInUse)
      return 2;
    return path_exists(dir / "data/f") ? 0 : 3;
  });
  if (code == 77) {
    MESSAGE("skipped: cannot mount here");
    return;
  }
  CHECK(code == 0);
  CHECK(path_exists(dir / "data/f"));
}
