// What `volume create --opt` and volume-opt take: the local driver's options, as mount(8) has them.
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "engine/volume/volume.h"

namespace creel::engine {

namespace {

Result<void> take_id(const Cut& option, const char* key, VolumeOptions& out) {
  const std::string what = std::string(key) == "UID" ? "uid" : "gid";
  if (option.after.empty()) return fail(Code::kInvalid, what + " option must provide a " + key + ": invalid argument");
  auto number = parse_int(option.after, what);
  if (!number.ok() || *number < 0 || *number > UINT32_MAX) {
    return fail(Code::kInvalid,
                "cannot convert " + std::string(key) + " " + option.after + " to integer: invalid argument");
  }
  out[key] = std::to_string(*number);
  return {};
}

}  // namespace

Result<VolumeOptions> parse_volume_options(const std::vector<std::string>& texts) {
  VolumeOptions out;
  for (const std::string& text : texts) {
    Cut pair = cut(text, '=');
    std::string key = pair.before;
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
    if (key == "copy" || key == "nocopy") {
      out[key] = pair.after;
      continue;
    }
    if (!pair.found) return fail(Code::kInvalid, "volume option \"" + text + "\": must be of the form KEY=VALUE");
    if (key == "size" || key == "inodes") {
      return fail(Code::kUnsupported, "volume options size and inodes: quotas of a directory are not built")
          .with_hint("A size that holds: --opt type=tmpfs --opt device=tmpfs --opt o=size=" + pair.after + ".");
    }
    if (key != "type" && key != "device" && key != "o") {
      return fail(Code::kInvalid, "invalid mount option " + pair.before + " for driver 'local': invalid argument");
    }
    out[key] = pair.after;
  }
  for (const std::string& option : split(out["o"], ',')) {
    const Cut pair = cut(option, '=');
    if (pair.before == "uid") TRY(take_id(pair, "UID", out));
    if (pair.before == "gid") TRY(take_id(pair, "GID", out));
    if ((pair.before == "size" || pair.before == "inodes") && out["type"].empty()) {
      return fail(Code::kUnsupported, "volume options size and inodes: quotas of a directory are not built")
          .with_hint("A size that holds: --opt type=tmpfs --opt device=tmpfs --opt o=" + option + ".");
    }
  }
  if (out["o"].empty()) out.erase("o");
  if (out["type"].empty()) out.erase("type");
  if (out["device"].empty()) out.erase("device");
  if (out.contains("type") && out["type"] != "tmpfs" && !out.contains("device")) {
    return fail(Code::kInvalid, "volume option type=" + out["type"] + " needs a device: invalid argument")
        .with_hint("Give --opt device=…, what is to be mounted.");
  }
  return out;
}

bool is_mounted(const VolumeOptions& options) {
  return options.contains("type") || options.contains("device");
}

}  // namespace creel::engine
