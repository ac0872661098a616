#include "registry/archive/writer.h"

#include <array>
#include <set>

#include "base/file.h"
#include "base/tar_header.h"

namespace creel::registry::archive {

namespace {

// "a/b/c" -> calls with "a", "a/b".
template <typename Visit>
Result<void> each_parent(const std::string& name, Visit visit) {
  for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
    TRY(visit(name.substr(0, at)));
  }
  return {};
}

std::array<char, kTarBlock> header(const std::string& name, std::int64_t size, bool directory) {
  return tar_header({.name = name, .type = directory ? '5' : '0', .mode = directory ? 0755U : 0444U, .size = size});
}

class TarWriter : public Writer {
 public:
  explicit TarWriter(int fd) : fd_(fd) {}

  Result<void> add(const std::string& name, std::string_view content) override {
    TRY(begin(name, std::ssize(content)));
    TRY(write_all(fd_, content));
    return pad(std::ssize(content));
  }
  Result<void> add(const std::string& name, const Member& content) override {
    TRY(begin(name, content.size));
    TRY(copy_member(content, fd_));
    return pad(content.size);
  }
  Result<void> finish() override { return write_all(fd_, std::string(2 * kTarBlock, '\0')); }

 private:
  Result<void> begin(const std::string& name, std::int64_t size) {
    TRY(each_parent(name, [this](const std::string& parent) -> Result<void> {
      if (!directories_.insert(parent).second) return {};
      return put(header(parent + "/", 0, true));
    }));
    return put(header(name, size, false));
  }
  Result<void> put(const std::array<char, kTarBlock>& block) { return write_all(fd_, {block.data(), block.size()}); }
  Result<void> pad(std::int64_t size) { return write_all(fd_, std::string(tar_padding(size), '\0')); }
  int fd_;
  std::set<std::string> directories_;
};

}  // namespace

std::unique_ptr<Writer> tar_writer(int fd) {
  return std::make_unique<TarWriter>(fd);
}

}  // namespace creel::registry::archive
