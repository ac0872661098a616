#include "storage/usage.h"

#include <fcntl.h>

#include <cerrno>

#include "base/file.h"
#include "storage/names.h"

namespace creel::storage {

namespace {

// Opened; absent (no store yet): invalid.
Result<Fd> open_if_there(const std::string& path) {
  auto dir = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!dir.ok() && dir.error().err == ENOENT) return Fd();
  return dir;
}

class Measuring {
 public:
  explicit Measuring(const Paths& paths) : paths_(paths) {}

  Result<StoreUse> run() {
    TRY(each("blobs/sha256", paths_.blobs(), is_hex_digest, out_.blobs));
    TRY(each("layers", paths_.layers(), is_hex_digest, out_.layers));
    // Beside a file that is replaced, there may be a new one of a process that was killed: ID.tmp.…
    const auto image = [](const std::string& name) { return is_hex_digest(name.substr(0, name.find('.'))); };
    TRY(each("images", image_files(paths_), image, out_.images));
    TRY(each("containers", paths_.containers(), is_hex_digest, out_.containers));
    TRY(each(
        "volumes", paths_.volumes(), [](const std::string&) { return true; }, out_.volumes));
    TRY(staging());
    TRY(top());
    return std::move(out_);
  }

 private:
  Result<void> each(const std::string& shown, const std::string& path, bool (*known)(const std::string&),
                    std::map<std::string, DiskUse>& into) {
    TRY_SET(const Fd dir, open_if_there(path));
    if (!dir) return {};
    TRY_SET(const std::vector<std::string> names, list_dir(dir.get()));
    for (const std::string& name : names) {
      TRY_SET(const DiskUse use, meter_.measure(dir.get(), name));
      if (known(name)) {
        into[name] = use;
      } else {
        out_.strange[shown + "/" + name] = use;
      }
    }
    return {};
  }

  Result<void> staging() {
    TRY_SET(const Fd dir, open_if_there(paths_.staging()));
    if (!dir) return {};
    TRY_SET(const std::vector<std::string> names, list_dir(dir.get()));
    for (const std::string& name : names) {
      const StagedName staged = staged_name(name);
      if (staged.kind == StagedName::Kind::kLock || staged.kind == StagedName::Kind::kBoot) continue;
      if (staged.kind == StagedName::Kind::kStrange) {
        TRY_SET(out_.strange["staging/" + name], meter_.measure(dir.get(), name));
        continue;
      }
      StoreUse::Staged item;
      item.alive = is_locked(dir.get(), staged.lock);
      TRY_SET(item.use, meter_.measure(dir.get(), name));
      out_.staging[name] = item;
    }
    return {};
  }

  Result<void> top() {
    TRY_SET(const Fd dir, open_if_there(paths_.store));
    if (!dir) return {};
    TRY_SET(const std::vector<std::string> names, list_dir(dir.get()));
    for (const std::string& name : names) {
      if (is_top_name(name)) continue;
      TRY_SET(out_.strange[name], meter_.measure(dir.get(), name));
    }
    return {};
  }

  const Paths& paths_;
  DiskMeter meter_;
  StoreUse out_;
};

}  // namespace

Result<StoreUse> measure_store(const Paths& paths) {
  return Measuring(paths).run();
}

}  // namespace creel::storage
