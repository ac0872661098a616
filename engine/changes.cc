// What differs between two stacks of layers.
#include <algorithm>
#include <set>

#include "engine/layers.h"

namespace creel::engine {
namespace {

using Stack = Layers::Stack;
using Node = Layers::Node;

bool same_time(const struct stat& a, const struct stat& b) {
  return a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// A directory counts as changed by its own attributes, not by what is in it; its time tells of names added and removed.
bool same(const Node& a, const Node& b) {
  return a.info.st_mode == b.info.st_mode && a.info.st_uid == b.info.st_uid && a.info.st_gid == b.info.st_gid &&
         same_time(a.info, b.info) &&
         (S_ISDIR(a.info.st_mode) || (a.info.st_size == b.info.st_size && a.info.st_rdev == b.info.st_rdev));
}

class Comparison {
 public:
  explicit Comparison(const Layers& layers) : layers_(layers) {}
  std::vector<Change> found;

  Result<void> directory(const std::string& path, const Stack& now, const Stack& before) {
    const bool stands_on = before.size() <= now.size() && std::equal(before.rbegin(), before.rend(), now.rbegin());
    Stack read(now.begin(), now.end() - (stands_on ? static_cast<std::ptrdiff_t>(before.size()) : 0));
    if (!stands_on) read.insert(read.end(), before.begin(), before.end());
    TRY_SET(const std::set<std::string> names, layers_.names(read, path));
    for (const std::string& name : names) {
      TRY(entry(path.empty() ? name : path + "/" + name, now, before, stands_on));
    }
    return {};
  }

 private:
  Result<void> entry(const std::string& path, const Stack& now, const Stack& before, bool stands_on) {
    TRY_SET(const auto is, layers_.find(now, path));
    TRY_SET(const auto was, layers_.find(before, path));
    if (!is && !was) return {};
    if (is && was && is->layers == was->layers) return {};
    if (!is) {
      add('D', path);
      return {};
    }
    const bool directory_now = S_ISDIR(is->info.st_mode);
    const bool directory_before = was && S_ISDIR(was->info.st_mode);
    if (!was) {
      add('A', path);
    } else if (!(directory_now && directory_before ? same(*is, *was) : !stands_on && same(*is, *was))) {
      // A file that a layer brings again counts as changed, as other engines have it.
      add('C', path);
    }
    if (!directory_now) return {};
    return directory(path, is->layers, directory_before ? was->layers : Stack());
  }

  // A directory whose names have changed is listed, whatever its times say.
  void add(char kind, const std::string& path) {
    if (const std::size_t slash = path.rfind('/'); kind != 'C' && slash != std::string::npos) {
      const std::string parent = path.substr(0, slash);
      if (listed_.insert(parent).second) found.push_back({'C', "/" + parent});
    }
    listed_.insert(path);
    found.push_back({kind, "/" + path});
  }

  const Layers& layers_;
  std::set<std::string> listed_;
};

}  // namespace

Result<std::vector<Change>> changes(const Layers& layers, const Layers::Stack& now, const Layers::Stack& before) {
  Comparison comparison(layers);
  TRY(comparison.directory({}, now, before));
  return std::move(comparison.found);
}

}  // namespace creel::engine
