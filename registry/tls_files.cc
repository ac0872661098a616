#include "registry/tls_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/file.h"

namespace creel::registry {

namespace {

Result<TlsFiles> read_dir(const std::string& dir, std::vector<std::string> names) {
  TlsFiles out;
  std::sort(names.begin(), names.end());
  auto present = [&](const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  for (const auto& name : names) {
    const std::string path = dir + "/" + name;
    const std::string stem = name.substr(0, name.rfind('.'));
    if (name.ends_with(".crt")) {
      TRY_SET(const std::string pem, read_file(path, 4 << 20));
      out.authorities += pem + "\n";
    } else if (name.ends_with(".cert")) {
      if (!present(stem + ".key"))
        return fail(Code::kInvalid, "client certificate " + path + ": its key " + stem + ".key is missing")
            .with_hint("certificates of authorities end in .crt");
      if (out.client_cert.empty()) {
        out.client_cert = path;
        out.client_key = dir + "/" + stem + ".key";
      }
    } else if (name.ends_with(".key") && !present(stem + ".cert")) {
      return fail(Code::kInvalid, "client key " + path + ": its certificate " + stem + ".cert is missing");
    }
  }
  return out;
}

}  // namespace

Result<TlsFiles> find_tls_files(const std::string& domain, const std::string& cert_dir) {
  if (!cert_dir.empty()) {
    auto names = list_dir(cert_dir);
    if (!names) return std::move(names).error().within("reading certificates");
    return read_dir(cert_dir, *names);
  }
  const char* home = std::getenv("HOME");
  const char* config = std::getenv("XDG_CONFIG_HOME");
  std::vector<std::string> roots;
  if (config != nullptr && *config != '\0') {
    roots.push_back(std::string(config) + "/containers/certs.d");
  } else if (home != nullptr && *home != '\0') {
    roots.push_back(std::string(home) + "/.config/containers/certs.d");
  }
  roots.insert(roots.end(), {"/etc/containers/certs.d", "/etc/docker/certs.d"});
  for (const auto& root : roots) {
    const std::string dir = root + "/" + domain;
    auto names = list_dir(dir);
    if (names) return read_dir(dir, *names);
    // Another user's directory is not for us.
    const int err = names.error().err;
    if (err != ENOENT && err != ENOTDIR && err != EACCES) return std::move(names).error();
  }
  return TlsFiles{};
}

}  // namespace creel::registry
