#include "registry/archive/recompress.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>

namespace creel::registry::archive {

namespace {

constexpr int kBlock = 256 << 10;

// A compressor that is given its input piece by piece.
class Packer {
 public:
  Packer(const Sink& sink, Compressor how, const std::optional<int>& level)
      : sink_(sink), writer_(archive_write_new(), archive_write_free) {
    ::archive* out = writer_.get();
    const char* filter = how == Compressor::kZstd ? "zstd" : "gzip";
    archive_write_set_format_raw(out);
    if (how == Compressor::kZstd) archive_write_add_filter_zstd(out);
    if (how == Compressor::kGzip) archive_write_add_filter_gzip(out);
    // No time in the header.
    if (how == Compressor::kGzip) archive_write_set_filter_option(out, filter, "timestamp", nullptr);
    if (level) archive_write_set_filter_option(out, filter, "compression-level", std::to_string(*level).c_str());
    archive_write_set_bytes_per_block(out, kBlock);
    archive_write_set_bytes_in_last_block(out, 1);
  }
  Result<void> begin() {
    ::archive* out = writer_.get();
    if (archive_write_open(out, this, nullptr, write, nullptr) != ARCHIVE_OK) return failed();
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    if (archive_write_header(out, entry.get()) != ARCHIVE_OK) return failed();
    return {};
  }
  Result<void> add(std::string_view bytes) {
    const auto written = archive_write_data(writer_.get(), bytes.data(), bytes.size());
    if (written != static_cast<la_ssize_t>(bytes.size())) return failed();
    return {};
  }
  Result<void> finish() {
    if (archive_write_close(writer_.get()) != ARCHIVE_OK) return failed();
    return {};
  }

 private:
  static la_ssize_t write(::archive*, void* self, const void* buffer, std::size_t size) {
    auto* packer = static_cast<Packer*>(self);
    auto written = packer->sink_(std::string_view(static_cast<const char*>(buffer), size));
    if (written.ok()) return static_cast<la_ssize_t>(size);
    packer->error_ = std::move(written).error();
    return -1;
  }
  Error failed() {
    if (error_) return std::move(*error_);
    const char* why = archive_error_string(writer_.get());
    return fail(Code::kFailed, std::string("compressing: ") + (why == nullptr ? "no reason given" : why));
  }

  const Sink& sink_;
  std::optional<Error> error_;
  std::unique_ptr<::archive, int (*)(::archive*)> writer_;
};

}  // namespace

Result<void> recompress(const Source& source, const Sink& sink, Compressor how, const std::optional<int>& level) {
  Packer packer(sink, how, level);
  TRY(packer.begin());
  TRY(decompress(source, [&](std::string_view bytes) { return packer.add(bytes); }));
  return packer.finish();
}

}  // namespace creel::registry::archive
