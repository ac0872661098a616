#include "storage/unpack/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>

#include "base/tar_header.h"
#include "base/xattr.h"

namespace creel::storage::unpack {

namespace {

struct Free {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

// libarchive converts names of pax headers (UTF-8) to the locale's character set, and composes accents on the way. In
// the "C" locale the conversion of anything but ASCII fails, and the very bytes are given.
class PlainLocale {
 public:
  PlainLocale() : plain_(::newlocale(LC_ALL_MASK, "C", nullptr)) {
    if (plain_ != nullptr) before_ = ::uselocale(plain_);
  }
  ~PlainLocale() {
    if (plain_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(plain_);
  }
  PlainLocale(const PlainLocale&) = delete;
  PlainLocale& operator=(const PlainLocale&) = delete;

 private:
  locale_t plain_;
  locale_t before_ = nullptr;
};

EntryType type_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return EntryType::kHardLink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return EntryType::kFile;
    case AE_IFDIR:
      return EntryType::kDirectory;
    case AE_IFLNK:
      return EntryType::kSymlink;
    case AE_IFCHR:
      return EntryType::kCharacterDevice;
    case AE_IFBLK:
      return EntryType::kBlockDevice;
    case AE_IFIFO:
      return EntryType::kFifo;
    default:
      return EntryType::kOther;
  }
}

timespec time_of(time_t seconds, long nanoseconds) {
  return {seconds, nanoseconds < 0 || nanoseconds > 999'999'999 ? 0 : nanoseconds};
}

class TarReader {
 public:
  TarReader(BlockPipe& pipe, int consumer) : pipe_(pipe), consumer_(consumer), reader_(archive_read_new()) {}

  Result<void> extract(Writer& writer) {
    if (!reader_) return fail(Code::kFailed, "read archive: out of memory");
    archive_read_support_format_tar(reader_.get());
    archive_read_support_format_empty(reader_.get());
    if (archive_read_open(reader_.get(), this, nullptr, pull, nullptr) != ARCHIVE_OK) return error("read archive");
    const Content content = [this](Chunk& chunk) { return read_content(chunk); };
    Entry entry;
    for (;;) {
      TRY_SET(archive_entry * header, next_header());
      if (header == nullptr) return drain();
      TRY(convert(header, entry));
      content_end_ = 0;
      current_ = &entry;
      TRY(writer.add(entry, content));
      // What is not read here would be skipped as part of the next header, whose size is limited.
      if (archive_read_data_skip(reader_.get()) < ARCHIVE_WARN) return error("read " + printable(entry.path));
    }
  }

  [[nodiscard]] bool stream_failed() const { return stream_failed_; }

 private:
  // A header is a block, with some for long names, attributes (libarchive: 1 MiB each) and the map of a sparse file,
  // which it keeps in memory however long it is.
  static constexpr std::int64_t kHeaderLimit = 16 << 20;

  static la_ssize_t pull(archive* a, void* self, const void** buffer) {
    auto* reader = static_cast<TarReader*>(self);
    if (reader->in_header_ && reader->header_bytes_ > kHeaderLimit) {
      archive_set_error(a, EINVAL, "header is too large");
      return ARCHIVE_FATAL;
    }
    const std::string_view block = reader->pipe_.next(reader->consumer_);
    if (block.empty() && reader->pipe_.end() != BlockPipe::End::kFinished) {
      reader->stream_failed_ = true;
      archive_set_error(a, EIO, "stream broke off");
      return ARCHIVE_FATAL;
    }
    reader->header_bytes_ += static_cast<std::int64_t>(block.size());
    reader->size_ += static_cast<std::int64_t>(block.size());
    // umoci's "insert" ends a layer with the last file's last byte. The zeros that belong there are of no interest.
    if (block.empty() && reader->file_complete()) return reader->give_padding(buffer);
    *buffer = block.data();
    return static_cast<la_ssize_t>(block.size());
  }

  [[nodiscard]] bool file_complete() const {
    return !in_header_ && current_ != nullptr && current_->type == EntryType::kFile && content_end_ == current_->size;
  }
  la_ssize_t give_padding(const void** buffer) {
    static constexpr std::array<char, kTarBlock> kZeros{};
    *buffer = kZeros.data();
    const std::size_t size = tar_padding(size_);
    size_ += static_cast<std::int64_t>(size);
    return static_cast<la_ssize_t>(size);
  }

  // nullptr at the archive's end.
  Result<archive_entry*> next_header() {
    archive_entry* header = nullptr;
    header_bytes_ = 0;
    in_header_ = true;
    const int code = archive_read_next_header(reader_.get(), &header);
    in_header_ = false;
    if (code == ARCHIVE_EOF) return static_cast<archive_entry*>(nullptr);
    if (code < ARCHIVE_WARN) return error("read archive");
    return header;
  }

  Result<void> convert(archive_entry* header, Entry& entry) {
    const char* name = archive_entry_pathname(header);
    if (name == nullptr || *name == '\0') return fail(Code::kInvalid, "refused archive entry: it has no name");
    TRY_SET(entry.path, clean_path(name));
    entry.type = type_of(header);
    entry.link.clear();
    if (entry.type == EntryType::kHardLink) {
      TRY_SET(entry.link, clean_link(entry, archive_entry_hardlink(header)));
    } else if (archive_entry_filetype(header) == 0) {
      return refuse(entry.path, "it is a hard link to nothing");
    } else if (const char* link = archive_entry_symlink(header); link != nullptr && entry.type == EntryType::kSymlink) {
      entry.link = link;
    }
    TRY_SET(entry.owner.uid, id(archive_entry_uid(header), entry.path));
    TRY_SET(entry.owner.gid, id(archive_entry_gid(header), entry.path));
    entry.mode = archive_entry_perm(header);
    entry.modified = time_of(archive_entry_mtime(header), archive_entry_mtime_nsec(header));
    entry.accessed = archive_entry_atime_is_set(header) != 0
                         ? time_of(archive_entry_atime(header), archive_entry_atime_nsec(header))
                         : entry.modified;
    entry.device = makedev(static_cast<unsigned>(archive_entry_rdevmajor(header)),
                           static_cast<unsigned>(archive_entry_rdevminor(header)));
    entry.size = archive_entry_size(header);
    if (entry.size < 0) return refuse(entry.path, "its size is negative");
    entry.xattrs.clear();
    archive_entry_xattr_reset(header);
    const char* key = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(header, &key, &value, &size) == ARCHIVE_OK) {
      if (key != nullptr && is_portable_xattr(key))
        entry.xattrs.emplace_back(key, std::string(static_cast<const char*>(value), size));
    }
    return {};
  }

  static Result<std::string> clean_link(const Entry& entry, const char* link) {
    auto target = clean_path(link);
    if (!target) return refuse(entry.path, "it is a hard link to '" + printable(link) + "', which is not in the layer");
    return target;
  }

  static Result<std::uint32_t> id(la_int64_t value, const std::string& path) {
    // The last one means "leave it" to chown(2).
    if (value < 0 || value >= std::numeric_limits<std::uint32_t>::max())
      return refuse(path, "owner " + std::to_string(value) + " is no valid ID");
    return static_cast<std::uint32_t>(value);
  }

  Result<bool> read_content(Chunk& chunk) {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int code = archive_read_data_block(reader_.get(), &data, &size, &offset);
    if (code == ARCHIVE_EOF) return false;
    if (code < ARCHIVE_WARN) return error("read " + printable(current_->path));
    chunk = {{static_cast<const char*>(data), size}, offset};
    content_end_ = offset + static_cast<std::int64_t>(size);
    return true;
  }

  // The DiffID is of all bytes, also of those after the archive's end: the other consumer hashes them.
  Result<void> drain() {
    while (!pipe_.next(consumer_).empty()) continue;
    if (pipe_.end() == BlockPipe::End::kFinished) return {};
    stream_failed_ = true;
    return fail(Code::kFailed, "read archive: stream broke off");
  }

  Error error(const std::string& action) {
    const char* why = archive_error_string(reader_.get());
    std::string text = why != nullptr ? printable(why) : "corrupt archive";
    // libarchive's texts begin with a capital.
    if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') text[0] = static_cast<char>(text[0] | 0x20);
    return fail(Code::kInvalid, action + ": " + text);
  }

  BlockPipe& pipe_;
  int consumer_;
  std::unique_ptr<archive, Free> reader_;
  const Entry* current_ = nullptr;
  bool in_header_ = false;
  bool stream_failed_ = false;
  std::int64_t header_bytes_ = 0;
  std::int64_t size_ = 0;         // of the stream so far
  std::int64_t content_end_ = 0;  // of the current file, as far as it was read
};

}  // namespace

TarResult extract_tar(BlockPipe& pipe, int consumer, Writer& writer) {
  const PlainLocale plain;
  TarReader reader(pipe, consumer);
  TarResult out{reader.extract(writer), reader.stream_failed()};
  if (!out.result) pipe.stop();
  return out;
}

}  // namespace creel::storage::unpack
