// Users of this host, by name or number. The programs are static, and know /etc/passwd alone; what else the host has (LDAP, SSSD, NIS) the
// name service's own getent(1) tells, where it is asked for what that file does not have.
// Thread-safe.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace creel {

// passwd(5)
struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string comment, home, shell;
};

std::optional<Account> parse_account(std::string_view line);
// A name; where there is none of it, a number. kNotFound.
Result<Account> find_account(const std::string& name);
Result<Account> find_account(uid_t uid);

}  // namespace creel
