#include "registry/archive/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "registry/oci/manifest.h"

namespace creel::registry::archive {

namespace {

constexpr std::size_t kChunk = 256 << 10;

// What libarchive's callbacks get; their Error waits here until libarchive has returned.
struct Calls {
  const Source* source = nullptr;
  const Sink* sink = nullptr;
  std::optional<Error> error;
};

la_ssize_t read_some(::archive*, void* data, const void** buffer) {
  auto* calls = static_cast<Calls*>(data);
  auto bytes = (*calls->source)();
  if (!bytes.ok()) {
    calls->error = std::move(bytes).error();
    return -1;
  }
  *buffer = bytes->data();
  return static_cast<la_ssize_t>(bytes->size());
}

la_ssize_t write_some(::archive*, void* data, const void* buffer, std::size_t size) {
  auto* calls = static_cast<Calls*>(data);
  auto written = (*calls->sink)(std::string_view(static_cast<const char*>(buffer), size));
  if (written.ok()) return static_cast<la_ssize_t>(size);
  calls->error = std::move(written).error();
  return -1;
}

Error error_of(::archive* handle, Calls& calls, const char* doing) {
  if (calls.error) return std::move(*calls.error);
  const char* why = archive_error_string(handle);
  return fail(Code::kInvalid, std::string(doing) + ": " + (why == nullptr ? "damaged data" : why));
}

}  // namespace

bool is_compressed(std::string_view bytes) {
  using namespace std::string_view_literals;
  for (const std::string_view magic : {"\x1f\x8b"sv, "\x28\xb5\x2f\xfd"sv, "\xfd\x37zXZ\0"sv, "BZh"sv}) {
    if (bytes.starts_with(magic)) return true;
  }
  return false;
}

const char* layer_type(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b")) return oci::kOciLayerGzip;
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return oci::kOciLayerZstd;
  return oci::kOciLayer;
}

Result<void> decompress(const Source& source, const Sink& sink) {
  Calls calls{&source, &sink, {}};
  const std::unique_ptr<::archive, int (*)(::archive*)> reader(archive_read_new(), archive_read_free);
  ::archive* in = reader.get();
  // Only these: others would start programs.
  archive_read_support_filter_gzip(in);
  archive_read_support_filter_zstd(in);
  archive_read_support_filter_xz(in);
  archive_read_support_filter_bzip2(in);
  archive_read_support_format_raw(in);
  archive_read_support_format_empty(in);
  if (archive_read_open(in, &calls, nullptr, read_some, nullptr) != ARCHIVE_OK) {
    return error_of(in, calls, "decompressing");
  }
  archive_entry* entry = nullptr;
  const int header = archive_read_next_header(in, &entry);
  if (header == ARCHIVE_EOF) return {};
  if (header != ARCHIVE_OK) return error_of(in, calls, "decompressing");
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int got = archive_read_data_block(in, &block, &size, &offset);
    if (got == ARCHIVE_EOF) return {};
    if (got != ARCHIVE_OK) return error_of(in, calls, "decompressing");
    TRY(sink(std::string_view(static_cast<const char*>(block), size)));
  }
}

Result<void> compress_gzip(const Source& source, const Sink& sink) {
  Calls calls{&source, &sink, {}};
  const std::unique_ptr<::archive, int (*)(::archive*)> writer(archive_write_new(), archive_write_free);
  ::archive* out = writer.get();
  archive_write_set_format_raw(out);
  archive_write_add_filter_gzip(out);
  // No time in the header.
  archive_write_set_filter_option(out, "gzip", "timestamp", nullptr);
  archive_write_set_bytes_per_block(out, kChunk);
  archive_write_set_bytes_in_last_block(out, 1);
  if (archive_write_open(out, &calls, nullptr, write_some, nullptr) != ARCHIVE_OK) {
    return error_of(out, calls, "compressing");
  }
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  if (archive_write_header(out, entry.get()) != ARCHIVE_OK) return error_of(out, calls, "compressing");
  for (;;) {
    TRY_SET(const std::string_view bytes, source());
    if (bytes.empty()) break;
    if (archive_write_data(out, bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size())) {
      return error_of(out, calls, "compressing");
    }
  }
  if (archive_write_close(out) != ARCHIVE_OK) return error_of(out, calls, "compressing");
  return {};
}

Source source_of(int fd, const std::string& label) {
  auto buffer = std::make_shared<std::vector<char>>(kChunk);
  return [fd, label, buffer]() -> Result<std::string_view> {
    for (;;) {
      const ssize_t got = read(fd, buffer->data(), buffer->size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("reading " + label);
      return std::string_view(buffer->data(), static_cast<std::size_t>(got));
    }
  };
}

Source source_of(const Member& member) {
  struct State {
    Member member;
    std::vector<char> buffer;
    std::int64_t done = 0;
  };
  auto state = std::make_shared<State>(State{member, std::vector<char>(kChunk), 0});
  return [state]() -> Result<std::string_view> {
    const std::int64_t left = state->member.size - state->done;
    if (left <= 0) return std::string_view();
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(left, kChunk));
    for (;;) {
      const ssize_t got =
          pread(state->member.file->get(), state->buffer.data(), wanted, state->member.offset + state->done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("reading a file");
      if (got == 0) return fail(Code::kInvalid, "reading a file: it ends early");
      state->done += got;
      return std::string_view(state->buffer.data(), static_cast<std::size_t>(got));
    }
  };
}

}  // namespace creel::registry::archive
