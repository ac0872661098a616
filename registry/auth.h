// Who we are to a registry: containers-auth.json(5), Docker's config.json and credential helpers. Secrets live in
// memory only as long as the value does; never in argv, logs or error texts. Thread-safe (plain values, files are read
// afresh).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::registry {

struct Credentials {
  std::string user, password;
  std::string identity_token;  // Docker's refresh token; then user is "<token>"
  [[nodiscard]] bool empty() const { return user.empty() && identity_token.empty(); }
};

// What `docker login` without an argument writes as the key of Docker Hub.
inline constexpr const char* kDockerHubKey = "https://index.docker.io/v1/";
// Among credential-helpers of registries.conf: the usual files.
inline constexpr const char* kFilesHelper = "containers-auth.json";
// Where credentials live until the next reboot: $XDG_RUNTIME_DIR/containers/auth.json.
std::string runtime_auth_file();

// For "domain/path": `creds` ("user[:password]") wins; then `authfile`, else $REGISTRY_AUTH_FILE,
// $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json, $DOCKER_CONFIG/config.json,
// ~/.docker/config.json; in each credHelpers, the longest key that is a prefix of domain/path, credsStore
// (docker-credential-NAME get over stdin; a store whose program this host lacks is passed over). Docker Hub's keys are
// "docker.io" and "https://index.docker.io/v1/". Where registries.conf names credential-helpers, these are asked, in
// order, and "containers-auth.json" among them stands for the files; not where `authfile` is given. None: empty
// credentials. kInvalid names a file that does not parse; kNotFound an --authfile that does not exist; kDenied a helper
// that fails.
Result<Credentials> find_credentials(const std::string& domain, const std::string& path, const std::string& authfile,
                                     const std::string& creds);

}  // namespace creel::registry
