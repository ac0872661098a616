// docker-credential-NAME programs: who keeps secrets elsewhere than in a file. Secrets go over stdin and stdout, never
// into argv, and are not repeated in errors. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "registry/auth.h"

namespace creel::registry {

class CredentialHelper {
 public:
  explicit CredentialHelper(std::string name) : name_(std::move(name)) {}
  // Whether there is such a program on this host.
  [[nodiscard]] bool present() const;
  // Empty credentials where it has none. kDenied: it fails; kNotFound: there is no such program; kInvalid: a malformed
  // name or answer.
  [[nodiscard]] Result<Credentials> get(const std::string& server) const;
  [[nodiscard]] Result<void> store(const std::string& server, const Credentials& who) const;
  [[nodiscard]] Result<void> erase(const std::string& server) const;

 private:
  [[nodiscard]] Result<std::string> ask(const char* verb, const std::string& server, const std::string& input) const;
  std::string name_;
};

}  // namespace creel::registry
