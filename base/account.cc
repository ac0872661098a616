#include "base/account.h"

#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace creel {

namespace {

// The first line counts, as everywhere.
template <typename Wanted>
std::optional<Account> first_of(const std::string& text, const Wanted& wanted) {
  for (const std::string& line : split(text, '\n')) {
    auto account = parse_account(line);
    if (account && wanted(*account)) return account;
  }
  return std::nullopt;
}

template <typename Wanted>
std::optional<Account> look_up(const std::string& key, const Wanted& wanted) {
  if (auto text = read_file("/etc/passwd"); text.ok()) {
    if (auto found = first_of(*text, wanted)) return found;
  }
  // Not "-": it would be an option.
  if (key.empty() || key.front() == '-') return std::nullopt;
  auto ran = run_program({"getent", "passwd", key});
  if (!ran.ok() || ran->exit_code != 0) return std::nullopt;
  return first_of(ran->out, wanted);
}

}  // namespace

std::optional<Account> parse_account(std::string_view line) {
  const std::vector<std::string> fields = split(line, ':');
  if (fields.size() != 7 || fields[0].empty()) return std::nullopt;
  const auto uid = parse_int(fields[2], "UID");
  const auto gid = parse_int(fields[3], "GID");
  // The highest stands for nobody.
  constexpr std::int64_t kLast = 0xfffffffe;
  if (!uid.ok() || !gid.ok() || *uid < 0 || *gid < 0 || *uid > kLast || *gid > kLast) return std::nullopt;
  return Account{fields[0], static_cast<uid_t>(*uid), static_cast<gid_t>(*gid), fields[4], fields[5], fields[6]};
}

Result<Account> find_account(const std::string& name) {
  if (auto found = look_up(name, [&](const Account& account) { return account.name == name; })) return std::move(*found);
  const bool numeric = !name.empty() && name.size() <= 10 && name.find_first_not_of("0123456789") == std::string::npos;
  if (numeric) return find_account(static_cast<uid_t>(std::stoull(name)));
  return fail(Code::kNotFound, "no such user");
}

Result<Account> find_account(uid_t uid) {
  if (auto found = look_up(std::to_string(uid), [&](const Account& account) { return account.uid == uid; })) return std::move(*found);
  return fail(Code::kNotFound, "no such user");
}

}  // namespace creel
