// A plain tar as a set of named files. libarchive reads the headers (ustar, GNU long names, pax); the contents stay
// where they are and are read by offset.
#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "base/text.h"
#include "registry/archive/file_set.h"

namespace creel::registry::archive {

namespace {

constexpr std::size_t kMaxEntries = 100'000;
constexpr int kMaxLinks = 8;

struct Entry {
  std::int64_t offset = 0;
  std::int64_t size = 0;
  std::string link;  // another entry's name; then there is no content
};

// "./a//b/../c" -> "a/c"; what would leave the archive stays at its top.
std::string normalized(const std::string& name) {
  std::vector<std::string> parts;
  for (std::string& part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(std::move(part));
  }
  return join(parts, "/");
}

class Tar : public FileSet {
 public:
  Tar(Fd fd, std::string label) : file_(std::make_shared<const Fd>(std::move(fd))), label_(std::move(label)) {}

  Result<void> read_headers();

  [[nodiscard]] Result<std::optional<Member>> find(const std::string& name) const override {
    std::string wanted = name;
    for (int hops = 0; hops <= kMaxLinks; ++hops) {
      auto found = entries_.find(wanted);
      if (found == entries_.end()) return std::optional<Member>();
      if (found->second.link.empty()) {
        return std::optional(Member{file_, found->second.offset, found->second.size});
      }
      wanted = found->second.link;
    }
    return fail(Code::kInvalid, label_ + ": " + name + " is a link that leads nowhere");
  }

 private:
  Result<void> add(::archive* reader, archive_entry* entry, std::int64_t start, std::int64_t file_size);
  std::shared_ptr<const Fd> file_;
  std::string label_;
  std::map<std::string, Entry> entries_;
};

Result<void> Tar::add(::archive* reader, archive_entry* entry, std::int64_t start, std::int64_t file_size) {
  const char* path = archive_entry_pathname(entry);
  if (path == nullptr) return fail(Code::kInvalid, label_ + ": an entry has no readable name");
  const std::string name = normalized(path);
  if (name.empty()) return {};
  Entry out;
  if (const char* hard = archive_entry_hardlink(entry); hard != nullptr) {
    out.link = normalized(hard);
  } else if (archive_entry_filetype(entry) == AE_IFLNK) {
    const char* target = archive_entry_symlink(entry);
    if (target == nullptr) return fail(Code::kInvalid, label_ + ": " + name + " is a link without a readable target");
    const std::size_t slash = name.rfind('/');
    out.link = normalized((slash == std::string::npos ? "" : name.substr(0, slash + 1)) + target);
  } else if (archive_entry_filetype(entry) == AE_IFREG) {
    if (archive_entry_sparse_count(entry) > 0) return fail(Code::kInvalid, label_ + ": " + name + " is sparse");
    out.offset = start + archive_filter_bytes(reader, 0);
    out.size = archive_entry_size(entry);
    if (out.size < 0 || out.offset > file_size || out.size > file_size - out.offset) {
      return fail(Code::kInvalid, label_ + " is truncated: it ends in the middle of " + name);
    }
  } else {
    return {};
  }
  if (entries_.size() >= kMaxEntries) {
    return fail(Code::kInvalid, label_ + " is no image archive: it has more than 100000 entries");
  }
  // As tar itself has it, a later entry replaces an earlier one.
  entries_.insert_or_assign(name, std::move(out));
  return {};
}

Result<void> Tar::read_headers() {
  struct stat info {};
  if (fstat(file_->get(), &info) != 0) return errno_error("reading " + label_);
  const off_t start = lseek(file_->get(), 0, SEEK_CUR);
  if (start < 0) return errno_error("reading " + label_);
  if (info.st_size <= start) return fail(Code::kInvalid, label_ + " is empty");
  const std::unique_ptr<::archive, int (*)(::archive*)> reader(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(reader.get());
  const auto bad = [&] {
    const char* why = archive_error_string(reader.get());
    return fail(Code::kInvalid, label_ + " is not an image archive: " + (why == nullptr ? "it is no tar" : why));
  };
  if (archive_read_open_fd(reader.get(), file_->get(), 64 << 10) != ARCHIVE_OK) return bad();
  for (;;) {
    archive_entry* entry = nullptr;
    const int got = archive_read_next_header(reader.get(), &entry);
    if (got == ARCHIVE_EOF) return {};
    if (got != ARCHIVE_OK && got != ARCHIVE_WARN) return bad();
    TRY(add(reader.get(), entry, start, info.st_size));
  }
}

}  // namespace

Result<std::unique_ptr<FileSet>> open_tar(Fd fd, const std::string& label) {
  auto tar = std::make_unique<Tar>(std::move(fd), label);
  TRY(tar->read_headers());
  return std::unique_ptr<FileSet>(std::move(tar));
}

}  // namespace creel::registry::archive
