// How a package is installed on this distribution, by /etc/os-release(5).
#pragma once

#include <string>

namespace creel::engine {

enum class PackageSystem : unsigned char { kUnknown, kApt, kDnf, kZypper, kPacman, kApk };
// From the text of an os-release file: ID first, then ID_LIKE.
PackageSystem package_system(const std::string& os_release);
// "sudo apt-get install uidmap". `name`: as Debian calls it; known are those that Creel needs.
std::string install_command(PackageSystem system, const std::string& name);
// For this host.
std::string install_command(const std::string& name);

}  // namespace creel::engine
