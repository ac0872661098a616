// A directory of a test's own, removed at its end.
#pragma once

#include <fcntl.h>
#include <stdlib.h>

#include <string>

#include "base/file.h"

struct TemporaryDir {
  std::string path;
  TemporaryDir() {
    const char* base = getenv("TMPDIR");
    path = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/creel-monitor-test.XXXXXX";
    if (mkdtemp(path.data()) == nullptr) abort();
  }
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  ~TemporaryDir() {
    const std::size_t slash = path.rfind('/');
    auto parent = creel::open_file(path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
    if (!parent.ok() || !creel::remove_tree_at(parent->get(), path.substr(slash + 1)).ok()) abort();
  }
};
