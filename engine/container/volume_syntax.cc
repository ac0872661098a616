// The grammars of -v, --mount and --tmpfs. Pure: no file is looked at.
#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "engine/container/passes.h"

namespace creel::engine {

namespace {

// Files of the kernel's that tell of the machine and nothing else, as runc has them.
constexpr std::array<std::string_view, 8> kOfLxcfs = {"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg",
                                                      "/proc/meminfo", "/proc/slabinfo",  "/proc/stat",
                                                      "/proc/swaps",   "/proc/uptime"};

Result<std::string> destination_of(const std::string& path) {
  if (path.empty()) return fail(Code::kInvalid, "container directory cannot be empty");
  if (path.front() != '/')
    return fail(Code::kInvalid, "invalid container path \"" + path + "\", must be an absolute path");
  std::string clean = clean_path(path);
  // What the kernel tells and takes there is part of the container's walls; but for what lxcfs shows in its place.
  if ((clean == "/proc" || clean.starts_with("/proc/")) && std::ranges::find(kOfLxcfs, clean) == kOfLxcfs.end()) {
    return fail(Code::kInvalid, "invalid container path \"" + path + "\": nothing can be mounted over /proc");
  }
  if (clean == "/")
    return fail(Code::kInvalid, "invalid container path \"" + path + "\": the root directory cannot be a mount point");
  return clean;
}

// Refuses what is unknown, contradictory, or known and not built.
Result<void> check_volume_options(const std::vector<std::string>& options, bool tmpfs) {
  static const std::vector<std::string> kFlags = {"rw",     "ro",      "z",        "Z",          "U",          "copy",
                                                  "nocopy", "exec",    "noexec",   "suid",       "nosuid",     "dev",
                                                  "nodev",  "bind",    "rbind",    "shared",     "rshared",    "slave",
                                                  "rslave", "private", "rprivate", "unbindable", "runbindable"};
  static const std::vector<std::string> kTmpfsFlags = {
      "tmpcopyup", "notmpcopyup", "noatime", "relatime", "strictatime", "sync", "async", "nodiratime", "diratime"};
  int access = 0, relabel = 0, propagation = 0;
  const bool overlay = std::find(options.begin(), options.end(), "O") != options.end();
  for (const std::string& option : options) {
    if (!tmpfs && option == "O") continue;
    if (option.rfind("upperdir=", 0) == 0 || option.rfind("workdir=", 0) == 0) {
      const Cut pair = cut(option, '=');
      if (!overlay) return fail(Code::kInvalid, "must specify overlay (O) with option \"" + pair.before + "\"");
      if (pair.after.empty() || pair.after.front() != '/') {
        return fail(Code::kInvalid, "cannot accept relative path \"" + pair.after + "\" for " + pair.before);
      }
      continue;
    }
    if (!tmpfs && (option == "idmap" || option.rfind("idmap=", 0) == 0 || option.rfind("subpath=", 0) == 0)) continue;
    if (tmpfs &&
        (option.rfind("size=", 0) == 0 || option.rfind("mode=", 0) == 0 || option.rfind("uid=", 0) == 0 ||
         option.rfind("gid=", 0) == 0 || option.rfind("nr_inodes=", 0) == 0 || option.rfind("nr_blocks=", 0) == 0 ||
         std::find(kTmpfsFlags.begin(), kTmpfsFlags.end(), option) != kTmpfsFlags.end())) {
      continue;
    }
    if (std::find(kFlags.begin(), kFlags.end(), option) == kFlags.end()) {
      return fail(Code::kInvalid, "invalid option \"" + option + "\" of a volume: unknown mount option");
    }
    if (option == "rw" || option == "ro") ++access;
    if (option == "z" || option == "Z") ++relabel;
    if (option.find("shared") != std::string::npos || option.find("slave") != std::string::npos ||
        option.find("private") != std::string::npos || option.find("unbindable") != std::string::npos) {
      ++propagation;
    }
  }
  if (overlay && relabel + propagation > 0) {
    return fail(Code::kInvalid,
                "invalid options: an overlay (O) takes neither labels nor propagation: invalid mount option");
  }
  if (access > 1)
    return fail(Code::kInvalid, "invalid options: can only specify 1 'rw' or 'ro' option: invalid mount option");
  if (relabel > 1)
    return fail(Code::kInvalid, "invalid options: can only specify 1 'z' or 'Z' option: invalid mount option");
  if (propagation > 1) {
    return fail(Code::kInvalid, "invalid options: can only specify 1 propagation option: invalid mount option");
  }
  return {};
}

// A line of comma-separated values, where "a,b" in double quotes is one.
std::vector<std::string> split_csv(const std::string& text) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (char c : text) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

Result<bool> flag_value(const Cut& pair) {
  if (!pair.found || pair.after == "true" || pair.after == "1") return true;
  if (pair.after == "false" || pair.after == "0") return false;
  return fail(Code::kInvalid, pair.before + " must be set to true or false, instead received \"" + pair.after +
                                  "\": badly formatted option");
}

// Of a volume that is made: one that exists keeps what it has.
Result<void> volume_option(const Cut& pair, VolumeMount& out) {
  if (out.type != VolumeMount::Type::kVolume) {
    return fail(Code::kInvalid, "\"" + pair.before + "\" option is for volumes alone: invalid mount option");
  }
  if (pair.before == "volume-driver") {
    if (pair.after == "local") return {};
    return fail(Code::kUnsupported, "volume driver \"" + pair.after + "\": there is no driver but \"local\"");
  }
  const Cut inner = cut(pair.after, '=');
  (pair.before == "volume-opt" ? out.driver_options : out.labels)[inner.before] = inner.after;
  return {};
}

Result<void> mount_option(const Cut& pair, VolumeMount& out, std::string& source) {
  const std::string& key = pair.before;
  auto need_value = [&]() -> Result<void> {
    if (!pair.found || pair.after.empty()) {
      return fail(Code::kInvalid, key + ": must provide an argument for option");
    }
    return {};
  };
  const bool tmpfs = out.type == VolumeMount::Type::kTmpfs;
  if (key == "src" || key == "source") {
    if (tmpfs) return fail(Code::kInvalid, "\"" + key + "\" option not supported for \"tmpfs\" mount types");
    source = pair.after;
  } else if (key == "target" || key == "dst" || key == "destination" || key == "dest") {
    TRY(need_value());
    TRY_SET(out.destination, destination_of(pair.after));
  } else if (key == "ro" || key == "readonly" || key == "read-only") {
    TRY_SET(bool on, flag_value(pair));
    out.options.emplace_back(on ? "ro" : "rw");
  } else if (key == "rw") {
    TRY_SET(bool on, flag_value(pair));
    out.options.emplace_back(on ? "rw" : "ro");
  } else if (key == "bind-propagation") {
    TRY(need_value());
    out.options.push_back(pair.after);
  } else if (key == "bind-nonrecursive") {
    TRY_SET(bool on, flag_value(pair));
    out.options.emplace_back(on ? "bind" : "rbind");
  } else if (key == "relabel") {
    if (pair.after == "shared")
      out.options.emplace_back("z");
    else if (pair.after == "private")
      out.options.emplace_back("Z");
    else
      return fail(Code::kInvalid, "relabel: \"" + pair.after + "\": invalid mount option");
  } else if (key == "U" || key == "chown") {
    TRY_SET(bool on, flag_value(pair));
    if (on) out.options.emplace_back("U");
  } else if (key == "tmpfs-size") {
    TRY(need_value());
    out.options.push_back("size=" + pair.after);
  } else if (key == "tmpfs-mode") {
    TRY(need_value());
    out.options.push_back("mode=" + pair.after);
  } else if (key == "volume-nocopy") {
    TRY_SET(bool on, flag_value(pair));
    if (on) out.options.emplace_back("nocopy");
  } else if (key == "consistency") {
    // Means something on other systems only.
  } else if (key == "volume-opt" || key == "volume-label" || key == "volume-driver") {
    TRY(need_value());
    TRY(volume_option(pair, out));
  } else if (key == "volume-subpath" || key == "image-subpath") {
    TRY(need_value());
    out.options.push_back("subpath=" + pair.after);
  } else if (!pair.found || key == "size" || key == "mode" || key == "uid" || key == "gid" || key == "subpath" ||
             key == "idmap") {
    out.options.push_back(pair.found ? key + "=" + pair.after : key);
  } else {
    return fail(Code::kInvalid, key + ": invalid mount option");
  }
  return {};
}

}  // namespace

std::string clean_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::string& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(std::move(part));
  }
  std::string out;
  for (const std::string& part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

Result<VolumeMount> parse_volume(const std::string& text) {
  std::vector<std::string> parts = split(text, ':');
  if (text.empty() || parts.size() > 3) {
    return fail(Code::kInvalid, text + ": incorrect volume format, should be [host-dir:]ctr-dir[:option]");
  }
  VolumeMount out;
  if (parts.size() == 1) {
    out.type = VolumeMount::Type::kVolume;
    out.anonymous = true;
    TRY_SET(out.destination, destination_of(parts[0]));
    return out;
  }
  if (parts[0].empty()) return fail(Code::kInvalid, "host directory cannot be empty");
  TRY_SET(out.destination, destination_of(parts[1]));
  if (parts.size() == 3 && !parts[2].empty()) out.options = split(parts[2], ',');
  TRY(check_volume_options(out.options, false));
  if (parts[0].front() == '/' || parts[0].front() == '.') {
    out.type = VolumeMount::Type::kBind;
    out.source = parts[0];
  } else {
    out.type = VolumeMount::Type::kVolume;
    out.name = parts[0];
  }
  return out;
}

Result<VolumeMount> parse_tmpfs(const std::string& text) {
  Cut parts = cut(text, ':');
  VolumeMount out;
  out.type = VolumeMount::Type::kTmpfs;
  TRY_SET(out.destination, destination_of(parts.before));
  if (!parts.after.empty()) out.options = split(parts.after, ',');
  TRY(check_volume_options(out.options, true));
  return out;
}

Result<VolumeMount> parse_mount(const std::string& text) {
  VolumeMount out;
  out.type = VolumeMount::Type::kVolume;
  const std::vector<std::string> fields = split_csv(text);
  for (const std::string& field : fields) {
    Cut pair = cut(field, '=');
    if (pair.before != "type") continue;
    if (pair.after == "bind")
      out.type = VolumeMount::Type::kBind;
    else if (pair.after == "volume")
      out.type = VolumeMount::Type::kVolume;
    else if (pair.after == "tmpfs")
      out.type = VolumeMount::Type::kTmpfs;
    else if (pair.after == "image")
      out.type = VolumeMount::Type::kImage;
    else if (pair.after == "glob" || pair.after == "devpts" || pair.after == "ramfs" || pair.after == "artifact") {
      return fail(Code::kUnsupported, "--mount type=" + pair.after + " is not built yet");
    } else {
      return fail(Code::kInvalid, "invalid filesystem type \"" + pair.after + "\"");
    }
  }
  std::string source;
  for (const std::string& field : fields) {
    Cut pair = cut(field, '=');
    if (field.empty() || pair.before == "type") continue;
    TRY(mount_option(pair, out, source));
  }
  if (out.destination.empty()) return fail(Code::kInvalid, "must set volume destination");
  TRY(check_volume_options(out.options, out.type == VolumeMount::Type::kTmpfs));
  if (out.type == VolumeMount::Type::kBind) {
    if (source.empty()) return fail(Code::kInvalid, "must set volume source");
    out.source = source;
  } else if (out.type == VolumeMount::Type::kImage) {
    if (source.empty()) return fail(Code::kInvalid, "must set source and destination for image volume");
    out.name = source;
  } else if (out.type == VolumeMount::Type::kVolume) {
    out.name = source;
    out.anonymous = source.empty();
  }
  return out;
}

}  // namespace creel::engine
