#include "storage/unpack/entry.h"

#include <limits.h>

#include <cerrno>

namespace creel::storage::unpack {

Result<std::string> clean_path(std::string_view name) {
  std::string path;
  path.reserve(name.size());
  std::size_t depth = 0;
  for (std::size_t start = 0; start <= name.size();) {
    std::size_t end = name.find('/', start);
    if (end == std::string_view::npos) end = name.size();
    const std::string_view component = name.substr(start, end - start);
    start = end + 1;
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      if (path.empty()) return refuse(name, "it leads out of the layer");
      const std::size_t slash = path.rfind('/');
      path.resize(slash == std::string::npos ? 0 : slash);
      --depth;
      continue;
    }
    if (component.size() > NAME_MAX) return refuse(name, "a name in it is longer than 255 bytes");
    if (!path.empty()) path += '/';
    path += component;
    ++depth;
  }
  if (path.size() >= PATH_MAX) return refuse(name, "its path is longer than 4095 bytes");
  if (depth > kMaxDepth) return refuse(name, "it is nested deeper than " + std::to_string(kMaxDepth) + " directories");
  return path;
}

std::pair<std::string_view, std::string_view> split_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string printable(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  static constexpr std::size_t kMost = 200;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (out.size() >= kMost) return out + "...";
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters too, written C2 80 to C2 9F.
    const bool c1 = c >= 0x80 && c < 0xa0 && i > 0 && text[i - 1] == '\xc2';
    if (c < 0x20 || c == 0x7f || c1) {
      out.append("\\x").append(1, kDigits[c >> 4]).append(1, kDigits[c & 15]);
    } else {
      out += text[i];
    }
  }
  return out;
}

Error entry_error(std::string_view action, std::string_view path, int err) {
  Error error = errno_error(std::string(action) + " " + (path.empty() ? "/" : printable(path)), err);
  if (err == ENOSPC) {
    error.text = std::string(action) + " " + printable(path) + ": disk full";
  }
  return error;
}

Error refuse(std::string_view path, std::string_view why) {
  return fail(Code::kInvalid,
              "refused archive entry " + (path.empty() ? "/" : printable(path)) + ": " + std::string(why));
}

}  // namespace creel::storage::unpack
