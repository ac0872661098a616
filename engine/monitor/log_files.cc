#include "engine/monitor/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/file.h"

namespace creel::engine::monitor {

namespace {

constexpr std::size_t kBlock = 65536;
constexpr std::size_t kLongest = 1 << 20;

Result<std::optional<LogFile>> open_log(const std::string& path) {
  auto fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd.ok() && fd.error().err == ENOENT) return std::optional<LogFile>();
  if (!fd.ok()) return std::move(fd).error();
  struct stat info {};
  if (fstat(fd->get(), &info) != 0) return errno_error("reading log " + path);
  return std::optional<LogFile>(LogFile{std::move(*fd), info.st_dev, info.st_ino});
}

// Up to `size` bytes; fewer only at the end of the file.
Result<std::size_t> read_at(int fd, char* to, std::size_t size, std::int64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(fd, to + done, size - done, offset + static_cast<std::int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("reading a container's log");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace

Result<std::vector<LogFile>> open_log_files(const std::string& path) {
  for (;;) {
    std::vector<LogFile> out;
    TRY_SET(auto current, open_log(path));
    const bool exists = current.has_value();
    if (exists) out.push_back(std::move(*current));
    for (int number = 1;; ++number) {
      TRY_SET(auto older, open_log(path + "." + std::to_string(number)));
      if (!older) break;
      out.push_back(std::move(*older));
    }
    // Rotated while it was looked at: once more.
    TRY_SET(auto again, open_log(path));
    if (again.has_value() != exists || (exists && !again->same(out.front()))) continue;
    std::reverse(out.begin(), out.end());
    return out;
  }
}

Result<std::int64_t> end_of_lines(const LogFile& file) {
  struct stat info {};
  if (fstat(file.fd.get(), &info) != 0) return errno_error("reading a container's log");
  std::int64_t end = info.st_size;
  std::string block;
  while (end > 0) {
    const std::int64_t begin = std::max<std::int64_t>(0, end - static_cast<std::int64_t>(kBlock));
    block.resize(static_cast<std::size_t>(end - begin));
    TRY_SET(const std::size_t got, read_at(file.fd.get(), block.data(), block.size(), begin));
    block.resize(got);
    if (const std::size_t newline = block.rfind('\n'); newline != std::string::npos)
      return begin + static_cast<std::int64_t>(newline) + 1;
    end = begin;
  }
  return std::int64_t{0};
}

Result<bool> each_line_backwards(const LogFile& file, std::int64_t end,
                                 const std::function<bool(std::int64_t offset, std::string_view line)>& use) {
  // `held` is the file's content from `begin` to `end`, which is always just behind a newline.
  std::string held;
  std::int64_t begin = end;
  bool overlong = false;
  while (end > 0) {
    // The newline that ends the line before this one.
    const std::size_t size = held.size();
    const std::size_t newline = size < 2 ? std::string::npos : held.rfind('\n', size - 2);
    if (newline != std::string::npos || begin == 0) {
      const std::size_t first = newline == std::string::npos ? 0 : newline + 1;
      const std::int64_t offset = begin + static_cast<std::int64_t>(first);
      if (!overlong && !use(offset, std::string_view(held).substr(first, size - first - 1))) return false;
      overlong = false;
      held.resize(first);
      end = offset;
      continue;
    }
    if (size > kLongest) {
      overlong = true;
      held.erase(0, size - 1);
    }
    const std::int64_t from = std::max<std::int64_t>(0, begin - static_cast<std::int64_t>(kBlock));
    std::string block(static_cast<std::size_t>(begin - from), '\0');
    TRY_SET(const std::size_t got, read_at(file.fd.get(), block.data(), block.size(), from));
    if (got < block.size()) return true;  // truncated by somebody meanwhile
    held.insert(0, block);
    begin = from;
  }
  return true;
}

Result<bool> LineReader::read(const LogFile& file,
                              const std::function<bool(std::int64_t offset, std::string_view line)>& use) {
  for (;;) {
    const std::size_t before = carry_.size();
    carry_.resize(before + kBlock);
    auto got = read_at(file.fd.get(), carry_.data() + before, kBlock, offset_ + static_cast<std::int64_t>(before));
    carry_.resize(before + (got.ok() ? *got : 0));
    if (!got.ok()) return std::move(got).error();
    if (*got == 0) return true;
    std::size_t begin = 0;
    std::size_t search = before;
    for (std::size_t newline; (newline = carry_.find('\n', search)) != std::string::npos;
         search = begin = newline + 1) {
      const bool wanted = overlong_ || use(offset_ + static_cast<std::int64_t>(begin),
                                           std::string_view(carry_).substr(begin, newline - begin));
      overlong_ = false;
      if (!wanted) return false;
    }
    if (carry_.size() - begin > kLongest) {
      overlong_ = true;
      begin = carry_.size();
    }
    carry_.erase(0, begin);
    offset_ += static_cast<std::int64_t>(begin);
  }
}

}  // namespace creel::engine::monitor
