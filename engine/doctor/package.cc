#include "engine/doctor/package.h"

#include "base/file.h"
#include "base/text.h"

namespace creel::engine {

namespace {

PackageSystem of_distribution(const std::string& id) {
  if (id == "debian" || id == "ubuntu") return PackageSystem::kApt;
  if (id == "fedora" || id == "rhel" || id == "centos") return PackageSystem::kDnf;
  if (id == "suse" || id == "opensuse" || id.starts_with("opensuse-")) return PackageSystem::kZypper;
  if (id == "arch") return PackageSystem::kPacman;
  if (id == "alpine") return PackageSystem::kApk;
  return PackageSystem::kUnknown;
}

// newuidmap's package is the one that every distribution names as it likes.
std::string name_in(PackageSystem system, const std::string& name) {
  if (name != "uidmap") return name;
  switch (system) {
    case PackageSystem::kDnf:
      return "shadow-utils";
    case PackageSystem::kZypper:
    case PackageSystem::kPacman:
      return "shadow";
    case PackageSystem::kApk:
      return "shadow-uidmap";
    default:
      return name;
  }
}

}  // namespace

PackageSystem package_system(const std::string& os_release) {
  std::string id, like;
  for (const std::string& line : split(os_release, '\n')) {
    const Cut pair = cut(line, '=');
    std::string value(trim(pair.after));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) value = value.substr(1, value.size() - 2);
    if (pair.before == "ID") id = value;
    if (pair.before == "ID_LIKE") like = value;
  }
  for (const std::string& one : split(id + " " + like, ' ')) {
    if (const PackageSystem found = of_distribution(one); found != PackageSystem::kUnknown) return found;
  }
  return PackageSystem::kUnknown;
}

std::string install_command(PackageSystem system, const std::string& name) {
  const std::string package = name_in(system, name);
  switch (system) {
    case PackageSystem::kApt:
      return "sudo apt-get install " + package;
    case PackageSystem::kDnf:
      return "sudo dnf install " + package;
    case PackageSystem::kZypper:
      return "sudo zypper install " + package;
    case PackageSystem::kPacman:
      return "sudo pacman -S " + package;
    case PackageSystem::kApk:
      return "sudo apk add " + package;
    case PackageSystem::kUnknown:
      break;
  }
  return "install the package " + package;
}

std::string install_command(const std::string& name) {
  auto text = read_file("/etc/os-release", 1 << 16);
  return install_command(package_system(text.ok() ? *text : std::string()), name);
}

}  // namespace creel::engine
