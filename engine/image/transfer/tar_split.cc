#include "engine/image/transfer/tar_split.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "registry/archive/decompress.h"
#include "registry/encoding.h"
#include "registry/oci/json.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using nlohmann::json;

namespace {

constexpr std::int64_t kFileEntry = 1, kBytesEntry = 2;
// A record of bytes is a header, with its extensions.
constexpr std::size_t kLineLimit = 64 << 20;

Error damaged(const char* why) {
  return fail(Code::kInvalid, std::string("the record of a layer's tar is damaged: ") + why);
}

Result<void> put_file(const json& entry, int files, const archive::Sink& sink) {
  const auto size = oci::int_member(entry, "size").value_or(0);
  if (size == 0) return {};
  std::string name = oci::string_member(entry, "name");
  if (const std::string raw = oci::string_member(entry, "name_raw"); !raw.empty()) {
    const auto decoded = registry::base64_decode(raw);
    if (!decoded) return damaged("a name is malformed");
    name = *decoded;
  }
  TRY_SET(Fd fd, open_in_root(files, name, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error("reading " + oci::printable(name));
  if (!S_ISREG(info.st_mode) || info.st_size != size) {
    return fail(Code::kInvalid, "the file " + oci::printable(name) + " is not the one that was recorded");
  }
  return archive::read_member({std::make_shared<const Fd>(std::move(fd)), 0, size}, sink);
}

Result<void> put_line(std::string_view line, int files, const archive::Sink& sink) {
  const json entry = oci::parse_json(line);
  const auto type = oci::int_member(entry, "type");
  if (type == kFileEntry) return put_file(entry, files, sink);
  if (type != kBytesEntry) return damaged("an entry is neither bytes nor a file");
  const auto bytes = registry::base64_decode(oci::string_member(entry, "payload"));
  if (!bytes) return damaged("bytes are malformed");
  return sink(*bytes);
}

}  // namespace

Result<void> join_tar(int split, int files, const archive::Sink& sink) {
  std::string pending;
  const auto lines = [&](std::string_view bytes) -> Result<void> {
    pending.append(bytes);
    std::size_t start = 0;
    for (std::size_t end; (end = pending.find('\n', start)) != std::string::npos; start = end + 1) {
      const auto put = put_line(std::string_view(pending).substr(start, end - start), files, sink);
      if (!put.ok()) return put;
    }
    pending.erase(0, start);
    return pending.size() > kLineLimit ? Result<void>(damaged("a line is too long")) : Result<void>();
  };
  TRY(archive::decompress(archive::source_of(split, "the record of a layer's tar"), lines));
  return pending.empty() ? Result<void>() : put_line(pending, files, sink);
}

}  // namespace creel::engine::transfer
