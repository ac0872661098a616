#include "engine/doctor/package.h"

#include <doctest/doctest.h>

using namespace creel::engine;

TEST_CASE("packages: the distribution's own command and name") {
  CHECK(install_command(package_system("ID=debian\n"), "uidmap") == "sudo apt-get install uidmap");
  CHECK(install_command(package_system("NAME=\"Fedora Linux\"\nID=fedora\n"), "uidmap") ==
        "sudo dnf install shadow-utils");
  CHECK(install_command(package_system("ID=arch"), "slirp4netns") == "sudo pacman -S slirp4netns");
  CHECK(install_command(package_system("ID=alpine"), "uidmap") == "sudo apk add shadow-uidmap");
}

TEST_CASE("packages: a distribution that is like a known one, and one that is like none") {
  CHECK(package_system("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n") == PackageSystem::kApt);
  CHECK(package_system("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n") == PackageSystem::kDnf);
  CHECK(package_system("ID=\"opensuse-leap\"\n") == PackageSystem::kZypper);
  CHECK(package_system("") == PackageSystem::kUnknown);
  CHECK(install_command(PackageSystem::kUnknown, "uidmap") == "install the package uidmap");
}
