#include <archive.h>
#include <archive_entry.h>

#include <optional>

#include "storage/unpack/decompress.h"
#include "storage/unpack/entry.h"

namespace creel::storage::unpack {

namespace {

struct Free {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

// xz and bzip2 are rare in images and slow in any library: libarchive's filter with its "raw" format does.
class Filter : public Decompressor {
 public:
  Filter(Input& input, std::string_view first, std::string_view name) : input_(input), first_(first), name_(name) {}

  Result<void> open(Compression compression) {
    reader_.reset(archive_read_new());
    if (!reader_) return fail(Code::kFailed, "decompress " + name_ + " data: out of memory");
    archive* a = reader_.get();
    if (compression == Compression::kXz) {
      archive_read_support_filter_xz(a);
    } else {
      archive_read_support_filter_bzip2(a);
    }
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    if (archive_read_open(a, this, nullptr, pull, nullptr) != ARCHIVE_OK) return error();
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(a, &entry);
    if (code != ARCHIVE_OK && code != ARCHIVE_EOF) return error();
    ended_ = code == ARCHIVE_EOF;
    return {};
  }

  Result<std::size_t> read(std::span<unsigned char> out) override {
    if (ended_) return std::size_t{0};
    std::size_t filled = 0;
    while (filled < out.size()) {
      const la_ssize_t n = archive_read_data(reader_.get(), out.data() + filled, out.size() - filled);
      if (n < 0) return error();
      if (n == 0) {
        TRY(drain());
        break;
      }
      filled += static_cast<std::size_t>(n);
    }
    return filled;
  }

 private:
  static la_ssize_t pull(archive* a, void* self, const void** buffer) {
    auto* filter = static_cast<Filter*>(self);
    if (auto first = std::exchange(filter->first_, {}); !first.empty()) {
      *buffer = first.data();
      return static_cast<la_ssize_t>(first.size());
    }
    auto piece = filter->input_.next();
    if (!piece) {
      filter->source_error_ = std::move(piece).error();
      archive_set_error(a, EIO, "source failed");
      return ARCHIVE_FATAL;
    }
    *buffer = piece->data();
    return static_cast<la_ssize_t>(piece->size());
  }

  // The blob's digest is of all its bytes, also of what the filter leaves unread after the stream's end.
  Result<void> drain() {
    ended_ = true;
    for (;;) {
      TRY_SET(std::string_view rest, input_.next());
      if (rest.empty()) return {};
    }
  }

  Error error() {
    if (source_error_) return *source_error_;
    const char* why = archive_error_string(reader_.get());
    return fail(Code::kInvalid, "decompress " + name_ + " data: " + (why != nullptr ? printable(why) : "corrupt data"));
  }

  Input& input_;
  std::string_view first_;
  std::string name_;
  std::unique_ptr<archive, Free> reader_;
  std::optional<Error> source_error_;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<Decompressor>> open_filter(Input& input, std::string_view first, Compression compression) {
  auto filter = std::make_unique<Filter>(input, first, compression == Compression::kXz ? "xz" : "bzip2");
  TRY(filter->open(compression));
  return std::unique_ptr<Decompressor>(std::move(filter));
}

}  // namespace creel::storage::unpack
