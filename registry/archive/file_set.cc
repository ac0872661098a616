#include "registry/archive/file_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/file.h"

namespace creel::registry::archive {

namespace {

constexpr std::size_t kChunk = 256 << 10;

class Directory : public FileSet {
 public:
  explicit Directory(Fd dir) : dir_(std::move(dir)) {}

  [[nodiscard]] Result<std::optional<Member>> find(const std::string& name) const override {
    // O_NONBLOCK: a FIFO put there must not stop us.
    auto fd = open_beneath(dir_.get(), name, O_RDONLY | O_NONBLOCK);
    if (!fd.ok()) {
      if (fd.error().err == ENOENT || fd.error().err == ENOTDIR) return std::optional<Member>();
      return std::move(fd).error();
    }
    struct stat info {};
    if (fstat(fd->get(), &info) != 0) return errno_error("reading " + name);
    if (!S_ISREG(info.st_mode)) return std::optional<Member>();
    return std::optional(Member{std::make_shared<const Fd>(std::move(*fd)), 0, info.st_size});
  }

 private:
  Fd dir_;
};

}  // namespace

std::unique_ptr<FileSet> open_directory(Fd dir) {
  return std::make_unique<Directory>(std::move(dir));
}

Result<void> read_member(const Member& member, const Sink& sink) {
  std::vector<char> buffer(static_cast<std::size_t>(std::clamp<std::int64_t>(member.size, 1, kChunk)));
  for (std::int64_t done = 0; done < member.size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(member.size - done, std::ssize(buffer)));
    const ssize_t got = pread(member.file->get(), buffer.data(), wanted, member.offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("reading the archive");
    if (got == 0) return fail(Code::kInvalid, "reading the archive: it ends in the middle of a file");
    TRY(sink(std::string_view(buffer.data(), static_cast<std::size_t>(got))));
    done += got;
  }
  return {};
}

Result<void> copy_member(const Member& member, int fd, const std::function<void(std::int64_t)>& progress) {
  constexpr std::int64_t kPiece = 16 << 20;
  Member rest = member;
  while (rest.size > 0) {
    off_t from = rest.offset;
    const ssize_t got =
        copy_file_range(rest.file->get(), &from, fd, nullptr, static_cast<std::size_t>(std::min(rest.size, kPiece)), 0);
    if (got < 0 && errno == EINTR) continue;
    // A pipe, another file system, a kernel that cannot: by hand. So is the end that comes early, which is told there.
    if (got <= 0) break;
    rest.offset += got;
    rest.size -= got;
    if (progress) progress(got);
  }
  return read_member(rest, [&](std::string_view bytes) -> Result<void> {
    TRY(write_all(fd, bytes));
    if (progress) progress(std::ssize(bytes));
    return {};
  });
}

Result<std::string> read_member_text(const Member& member, std::int64_t limit, const std::string& name) {
  if (member.size > limit) {
    return fail(Code::kInvalid, name + " has " + std::to_string(member.size) + " bytes, more than the " +
                                    std::to_string(limit) + " that are reasonable");
  }
  std::string out;
  out.reserve(static_cast<std::size_t>(member.size));
  TRY(read_member(member, [&](std::string_view bytes) -> Result<void> {
    out.append(bytes);
    return {};
  }));
  return out;
}

}  // namespace creel::registry::archive
