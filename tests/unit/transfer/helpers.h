// A directory of its own, tars made in memory, and an engine whose store lies there.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/image/transfer/transfer.h"
#include "registry/archive/writer.h"
#include "rootless/userns.h"

namespace creel::test {

class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/creel-unit-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TempDir() {
    auto parent = open_file("/tmp", O_RDONLY | O_DIRECTORY);
    if (parent.ok()) (void)remove_tree_at(parent->get(), path_.substr(5)).ok();
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

using Files = std::vector<std::pair<std::string, std::string>>;

inline void write_tar(const std::string& path, const Files& files) {
  auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  REQUIRE(fd.ok());
  auto writer = registry::archive::tar_writer(fd->get());
  for (const auto& [name, content] : files) REQUIRE(writer->add(name, std::string_view(content)).ok());
  REQUIRE(writer->finish().ok());
}

inline std::string tar_of(const TempDir& dir, const Files& files) {
  write_tar(dir.path("made.tar"), files);
  auto text = read_file(dir.path("made.tar"));
  REQUIRE(text.ok());
  return *text;
}

inline Fd input(const std::string& path) {
  auto fd = open_file(path, O_RDONLY);
  REQUIRE(fd.ok());
  return std::move(*fd);
}

struct Silent : engine::transfer::Progress {
  void message(const std::string&) override {}
  void blob(const std::string&, std::int64_t, std::int64_t) override {}
  void blob_done(const std::string&, const char*) override {}
};

// Unpacking keeps owners: as an ordinary user this process first enters a user namespace, once. false: there is none
// here.
inline bool can_unpack() {
  static const bool can = geteuid() == 0 || rootless::enter(rootless::Identity::kUser, "/nonexistent").ok();
  return can;
}

inline engine::Engine engine_in(const TempDir& dir) {
  engine::Options options;
  options.root = dir.path("store");
  options.runroot = dir.path("run");
  auto engine = engine::Engine::open(options);
  REQUIRE(engine.ok());
  return std::move(*engine);
}

}  // namespace creel::test
