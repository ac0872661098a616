#pragma once

#include "cmd/command.h"
#include "registry/auth_file.h"

namespace creel::cmd {

// creel login: keeps credentials for a registry, once the registry has accepted them.
class LoginCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  [[nodiscard]] Result<void> check_flags() const;
  Result<int> log_in(const std::string& key, const registry::AuthFile& file);
  Result<registry::Credentials> ask(const std::string& known) const;
  [[nodiscard]] Result<void> try_out(const std::string& key, const registry::Credentials& who) const;

  std::string authfile_, cert_dir_, compat_, user_, password_, secret_;
  bool get_login_ = false, password_stdin_ = false, verbose_ = false;
  std::optional<bool> tls_verify_;
  std::vector<std::string> arguments_;
};

// The registry that is meant where none is named: the first of unqualified-search-registries. kInvalid: none is.
Result<std::string> login_key(const std::vector<std::string>& arguments);

}  // namespace creel::cmd
