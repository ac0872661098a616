#include <sys/utsname.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "engine/image/image.h"

namespace creel::engine {

namespace {

// Names as `uname -m` and Go have them; OCI uses Go's.
void normalize(Platform& platform) {
  std::string& arch = platform.architecture;
  std::transform(arch.begin(), arch.end(), arch.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (arch == "x86_64" || arch == "x86-64") {
    arch = "amd64";
  } else if (arch == "aarch64") {
    arch = "arm64";
  } else if (arch == "i386" || arch == "i486" || arch == "i586" || arch == "i686") {
    arch = "386";
  } else if (arch == "armhf" || arch == "armv7l") {
    arch = "arm";
    if (platform.variant.empty()) platform.variant = "v7";
  } else if (arch == "armel" || arch == "armv6l") {
    arch = "arm";
    if (platform.variant.empty()) platform.variant = "v6";
  } else if (arch == "loongarch64") {
    arch = "loong64";
  }
  if (arch == "arm64" && platform.variant == "v8") platform.variant.clear();
}

}  // namespace

Result<Platform> parse_platform(const std::string& text) {
  Platform out;
  if (text.empty()) {
    utsname host{};
    uname(&host);
    out.os = "linux";
    out.architecture = host.machine;
    normalize(out);
    return out;
  }
  std::vector<std::string> parts = split(text, '/');
  bool bad = parts.size() > 3 || std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
               return part.empty() || !std::all_of(part.begin(), part.end(), [](unsigned char c) {
                        return std::isalnum(c) || c == '_' || c == '-' || c == '.';
                      });
             });
  if (bad) {
    return fail(Code::kInvalid, "invalid platform syntax for --platform (use OS/ARCH[/VARIANT]): \"" + text + "\"");
  }
  if (parts.size() == 1) {
    // "linux" alone, or an architecture alone.
    if (parts[0] == "linux") {
      TRY_SET(out, parse_platform({}));
      return out;
    }
    out.os = "linux";
    out.architecture = parts[0];
  } else {
    out.os = parts[0];
    out.architecture = parts[1];
    if (parts.size() == 3) out.variant = parts[2];
  }
  normalize(out);
  return out;
}

}  // namespace creel::engine
