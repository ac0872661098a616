// A home directory of its own for one test, and none of the caller's settings.
#pragma once

#include <fcntl.h>

#include <cstdlib>
#include <string>

#include "base/file.h"

namespace creel::registry::test {

class Sandbox {
 public:
  Sandbox() {
    char name[] = "/tmp/creel-registry-test.XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    home_ = name;
    ::setenv("HOME", name, 1);
    ::setenv("XDG_RUNTIME_DIR", (home_ + "/run").c_str(), 1);
    ::setenv("CONTAINERS_REGISTRIES_CONF", write("registries.conf", "").c_str(), 1);
    for (const char* key : {"XDG_CONFIG_HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "http_proxy", "https_proxy",
                            "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "SSL_CERT_FILE"})
      ::unsetenv(key);
  }
  ~Sandbox() {
    const auto slash = home_.rfind('/');
    if (auto parent = open_file(home_.substr(0, slash), O_PATH | O_DIRECTORY))
      (void)!remove_tree_at(parent->get(), home_.substr(slash + 1)).ok();
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  [[nodiscard]] const std::string& home() const { return home_; }
  // Writes a file beneath the home directory, and its directories. Its path.
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const std::string path = home_ + "/" + name;
    if (!make_dirs(path.substr(0, path.rfind('/'))) || !write_atomic(path, text, mode)) std::abort();
    return path;
  }

 private:
  std::string home_;
};

}  // namespace creel::registry::test
