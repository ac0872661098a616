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

// What libarchive's callback gets; its Error waits here until libarchive has returned.
struct Calls {
  const Source* source = nullptr;
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

Error error_of(::archive* handle, Calls& calls) {
  if (calls.error) return std::move(*calls.error);
  const char* why = archive_error_string(handle);
  return fail(Code::kInvalid, std::string("decompressing: ") + (why == nullptr ? "damaged data" : why));
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
  Calls calls{&source, {}};
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
    return error_of(in, calls);
  }
  archive_entry* entry = nullptr;
  const int header = archive_read_next_header(in, &entry);
  if (header == ARCHIVE_EOF) return {};
  if (header != ARCHIVE_OK) return error_of(in, calls);
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int got = archive_read_data_block(in, &block, &size, &offset);
    if (got == ARCHIVE_EOF) return {};
    if (got != ARCHIVE_OK) return error_of(in, calls);
    TRY(sink(std::string_view(static_cast<const char*>(block), size)));
  }
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
