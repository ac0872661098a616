#include "registry/archive/writer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "base/file.h"

namespace creel::registry::archive {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::int64_t kOctalLimit = 077777777777;  // 11 octal digits

// "a/b/c" -> calls with "a", "a/b".
template <typename Visit>
Result<void> each_parent(const std::string& name, Visit visit) {
  for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
    TRY(visit(name.substr(0, at)));
  }
  return {};
}

// POSIX ustar header; sizes past 8 GiB in base 256, as GNU tar, libarchive and Go write and read them.
std::array<char, kBlock> header(const std::string& name, std::int64_t size, bool directory) {
  std::array<char, kBlock> out{};
  std::memcpy(out.data(), name.data(), std::min<std::size_t>(name.size(), 100));
  const auto octal = [&](std::size_t at, std::size_t width, std::int64_t value) {
    std::snprintf(out.data() + at, width, "%0*llo", static_cast<int>(width - 1),
                  static_cast<unsigned long long>(value));
  };
  octal(100, 8, directory ? 0755 : 0444);
  octal(108, 8, 0);
  octal(116, 8, 0);
  if (size <= kOctalLimit) {
    octal(124, 12, size);
  } else {
    out[124] = static_cast<char>(0x80);
    for (int i = 0; i < 8; ++i) out[static_cast<std::size_t>(135 - i)] = static_cast<char>(size >> (8 * i) & 0xff);
  }
  octal(136, 12, 0);
  std::memset(out.data() + 148, ' ', 8);
  out[156] = directory ? '5' : '0';
  std::memcpy(out.data() + 257, "ustar\00000", 8);
  unsigned sum = 0;
  for (char c : out) sum += static_cast<unsigned char>(c);
  std::snprintf(out.data() + 148, 8, "%06o", sum);
  out[155] = ' ';
  return out;
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
    TRY(read_member(content, [this](std::string_view bytes) { return write_all(fd_, bytes); }));
    return pad(content.size);
  }
  Result<void> finish() override { return write_all(fd_, std::string(2 * kBlock, '\0')); }

 private:
  Result<void> begin(const std::string& name, std::int64_t size) {
    TRY(each_parent(name, [this](const std::string& parent) -> Result<void> {
      if (!directories_.insert(parent).second) return {};
      return put(header(parent + "/", 0, true));
    }));
    return put(header(name, size, false));
  }
  Result<void> put(const std::array<char, kBlock>& block) { return write_all(fd_, {block.data(), block.size()}); }
  Result<void> pad(std::int64_t size) {
    const auto rest = static_cast<std::size_t>(size) % kBlock;
    return rest == 0 ? Result<void>() : write_all(fd_, std::string(kBlock - rest, '\0'));
  }
  int fd_;
  std::set<std::string> directories_;
};

class DirectoryWriter : public Writer {
 public:
  explicit DirectoryWriter(int dir) : dir_(dir) {}

  Result<void> add(const std::string& name, std::string_view content) override {
    TRY_SET(const Fd file, create(name));
    return write_all(file.get(), content);
  }
  Result<void> add(const std::string& name, const Member& content) override {
    TRY_SET(const Fd file, create(name));
    return read_member(content, [&](std::string_view bytes) { return write_all(file.get(), bytes); });
  }
  Result<void> finish() override { return {}; }

 private:
  Result<Fd> create(const std::string& name) {
    TRY(each_parent(name, [this](const std::string& parent) -> Result<void> {
      if (mkdirat(dir_, parent.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("making directory " + parent);
      return {};
    }));
    return open_at(dir_, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
  }
  int dir_;
};

}  // namespace

std::unique_ptr<Writer> tar_writer(int fd) {
  return std::make_unique<TarWriter>(fd);
}

std::unique_ptr<Writer> directory_writer(int dir) {
  return std::make_unique<DirectoryWriter>(dir);
}

}  // namespace creel::registry::archive
