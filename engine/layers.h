// Layers as the overlay file system stacks them, read without mounting anything. Links are never followed, nothing
// leaves a layer's directory. Who runs this: root in the engine's user namespace, for files belong to subordinate IDs.
// Not thread-safe.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine {

class Layers {
 public:
  // `user_xattr`: marks are attributes user.overlay.*, else trusted.overlay.*.
  explicit Layers(bool user_xattr) : prefix_(user_xattr ? "user.overlay." : "trusted.overlay.") {}

  using Stack = std::vector<std::size_t>;  // layers by number, top first
  // Opens the directory. The same path has the same number.
  Result<std::size_t> add(const std::string& path);

  struct Node {
    struct stat info {};
    Stack layers;  // a directory: all that it is merged from; else the one that it is in
  };
  // What `stack`, the layers that a directory is merged from, shows at `path` in it ("usr/bin/env", from the layers'
  // roots); nullopt: nothing.
  [[nodiscard]] Result<std::optional<Node>> find(const Stack& stack, const std::string& path) const;
  // Names in a directory of each of `stack`, those that are only taken away there too.
  [[nodiscard]] Result<std::set<std::string>> names(const Stack& stack, const std::string& path) const;

 private:
  struct Look {
    bool there = false, hidden = false, opaque = false;
    struct stat info {};
  };
  [[nodiscard]] Result<Look> look(std::size_t layer, const std::string& path) const;
  [[nodiscard]] bool has_mark(int fd, const char* mark) const;

  std::string prefix_;
  std::vector<std::string> paths_;
  std::vector<Fd> dirs_;
};

struct Change {
  char kind = 'C';   // 'A' added, 'C' changed, 'D' deleted
  std::string path;  // "/etc/passwd"
};
// What `now` has otherwise than `before`, directories before what is in them. Where `before` is what `now` stands on,
// only the layers on top are read.
Result<std::vector<Change>> changes(const Layers& layers, const Layers::Stack& now, const Layers::Stack& before);

}  // namespace creel::engine
