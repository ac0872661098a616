// linux.cgroupsPath of config.json, whose text is hostile.
#include "base/text.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/cgroup/home.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

// systemd.unit(5): what a unit's name may hold; all else as \xNN, as systemd-escape(1) does it.
std::string escape_unit(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '-' || c == ':' || (c == '.' && !out.empty());
    const auto byte = static_cast<unsigned char>(c);
    out += plain ? std::string(1, c) : "\\x" + to_hex(&byte, 1);
  }
  return out;
}

bool valid_slice(std::string_view slice) {
  if (!slice.ends_with(".slice") || slice.size() == 6 || slice.size() > 255 || slice[0] == '.') return false;
  const std::string_view name = slice.substr(0, slice.size() - 6);
  if (name == "-") return true;
  if (name.front() == '-' || name.back() == '-' || name.find("--") != std::string_view::npos) return false;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                      c == '-' || c == ':' || c == '.' || c == '\\' || c == '@';
    if (!good) return false;
  }
  return true;
}

Result<CgroupPlan> parse_systemd(const std::string& text, const std::string& id) {
  CgroupPlan plan;
  plan.manager = CgroupManager::kSystemd;
  plan.description = "creel container " + id;
  find_systemd(plan);
  if (text.empty()) {
    plan.scope = "creel-" + escape_unit(id) + ".scope";
    return plan;
  }
  const auto parts = split(text, ':');
  if (parts.size() != 3 || parts[2].empty()) {
    return fail(Code::kInvalid, "linux.cgroupsPath \"" + text + "\": with systemd it has the form SLICE:PREFIX:NAME");
  }
  if (!parts[0].empty() && !valid_slice(parts[0])) {
    return fail(Code::kInvalid, "linux.cgroupsPath \"" + text + "\": \"" + parts[0] + "\" is not the name of a slice");
  }
  plan.slice = parts[0];
  plan.scope = escape_unit(parts[1].empty() ? parts[2] : parts[1] + "-" + parts[2]) + ".scope";
  if (plan.scope.size() > 255) return fail(Code::kInvalid, "linux.cgroupsPath: the name of the scope is too long");
  return plan;
}

}  // namespace

Result<CgroupPlan> parse_cgroups_path(const std::string& cgroups_path, const std::string& id, bool systemd) {
  if (systemd) return parse_systemd(cgroups_path, id);
  CgroupPlan plan;
  plan.manager = CgroupManager::kCgroupfs;
  const bool absolute = cgroups_path.starts_with('/');
  TRY_SET(plan.path, clean_group_path(cgroups_path.empty() ? "creel-" + id : cgroups_path));
  if (plan.path == "/")
    return fail(Code::kInvalid, "linux.cgroupsPath \"" + cgroups_path + "\": the root is no container's group");
  if (absolute) return plan;
  // Without a home nothing can be made, which is an error only where groups are needed: placing a container tells.
  if (auto hierarchy = open_hierarchy(); hierarchy.ok()) {
    if (auto home = home_group(hierarchy->get()); home.ok() && *home != "/") plan.path.insert(0, *home);
  }
  return plan;
}

}  // namespace creel::engine::runtime
