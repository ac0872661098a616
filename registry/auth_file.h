// Credentials that are kept: what login writes and logout removes, in the files and helpers that find_credentials()
// reads. Thread-safe; among processes too (a lock beside the file).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "registry/auth.h"

namespace creel::registry {

class AuthFile {
 public:
  // `compat`: a file in Docker's format; else `authfile`, else $REGISTRY_AUTH_FILE, else
  // $XDG_RUNTIME_DIR/containers/auth.json. kInvalid for both. Without either, the first of the credential-helpers of
  // registries.conf that this host has keeps what is stored; all forget what is erased.
  static Result<AuthFile> choose(const std::string& authfile, const std::string& compat);
  [[nodiscard]] const std::string& path() const { return path_; }

  // `key`: "host[:port]" or "host[:port]/path". With the helper that the file names for it (credHelpers, credsStore),
  // else in the file itself, 0600; all else that is in there stays. kInvalid: the file does not parse; kDenied: a
  // helper fails.
  Result<void> store(const std::string& key, const Credentials& who) const;
  // False: there were none.
  [[nodiscard]] Result<bool> erase(const std::string& key) const;
  [[nodiscard]] Result<void> erase_all() const;

 private:
  AuthFile(std::string path, bool docker) : path_(std::move(path)), docker_(docker) {}
  [[nodiscard]] Result<bool> erase_from_file(const std::string& name) const;
  [[nodiscard]] std::string name_of(const std::string& key) const;
  std::string path_;
  bool docker_;
  std::vector<std::string> helpers_;  // of registries.conf
};

// "https://host/v1/" -> "host"; "host/path/" -> "host/path". kInvalid for what is no registry's name, or has a tag.
Result<std::string> auth_key(const std::string& given);

}  // namespace creel::registry
