#include "engine/runtime/child/user_lookup.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "base/text.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kLargestFile = 8 << 20;

std::optional<std::uint32_t> number(const std::string& text) {
  auto parsed = parse_int(text, "ID");
  if (!parsed.ok() || *parsed < 0 || *parsed > 0xfffffffe) return std::nullopt;
  return static_cast<std::uint32_t>(*parsed);
}

std::string read_container_file(int root, const char* path) {
  auto file = open_in_root(root, path, O_RDONLY | O_NONBLOCK);
  if (!file.ok()) return {};
  auto text = read_all(file->get(), kLargestFile);
  return text.ok() ? std::move(*text) : std::string();
}

// Calls `use` with the fields of each line until it returns true.
template <typename Use>
void each_line(const std::string& text, std::size_t fields, const Use& use) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    const std::vector<std::string> parts = split(std::string_view(text).substr(at, end - at), ':');
    if (parts.size() >= fields && !parts[0].empty() && use(parts)) return;
    at = end + 1;
  }
}

ResolvedUser by_number(const UserStep& user, const std::string& passwd) {
  ResolvedUser out{user.uid, user.gid, user.groups, "/"};
  each_line(passwd, 6, [&](const std::vector<std::string>& line) {
    if (number(line[2]) != user.uid) return false;
    if (!line[5].empty()) out.home = line[5];
    return true;
  });
  return out;
}

}  // namespace

Result<ResolvedUser> resolve_user(int root, const UserStep& user) {
  const std::string passwd = read_container_file(root, "/etc/passwd");
  if (user.name.empty()) return by_number(user, passwd);

  ResolvedUser out;
  const Cut wanted = cut(user.name, ':');
  const std::optional<std::uint32_t> uid_given = number(wanted.before);
  std::string login;
  each_line(passwd, 6, [&](const std::vector<std::string>& line) {
    const auto uid = number(line[2]);
    const auto gid = number(line[3]);
    if (!uid || !gid || (line[0] != wanted.before && uid != uid_given)) return false;
    login = line[0];
    out.uid = *uid;
    out.gid = *gid;
    if (!line[5].empty()) out.home = line[5];
    return true;
  });
  if (login.empty()) {
    // An image without /etc/passwd still has its root.
    if (wanted.before == "root" || wanted.before.empty()) {
      out.home = passwd.empty() ? "/" : "/root";
    } else if (uid_given) {
      out.uid = *uid_given;
    } else {
      return fail(Code::kInvalid, "unable to find user " + wanted.before + ": no matching entries in passwd file");
    }
  }

  const std::string group_text = read_container_file(root, "/etc/group");
  if (wanted.found && !wanted.after.empty()) {
    const std::optional<std::uint32_t> gid_given = number(wanted.after);
    bool found = false;
    each_line(group_text, 3, [&](const std::vector<std::string>& line) {
      const auto gid = number(line[2]);
      if (!gid || (line[0] != wanted.after && gid != gid_given)) return false;
      out.gid = *gid;
      found = true;
      return true;
    });
    if (!found) {
      if (!gid_given) return fail(Code::kInvalid, "unable to find group " + wanted.after + ": no matching entries in group file");
      out.gid = *gid_given;
    }
  } else if (!login.empty()) {
    each_line(group_text, 4, [&](const std::vector<std::string>& line) {
      const auto gid = number(line[2]);
      if (!gid || *gid == out.gid) return false;
      const std::vector<std::string> members = split(line[3], ',');
      if (std::find(members.begin(), members.end(), login) != members.end()) out.groups.push_back(*gid);
      return out.groups.size() >= 1024;
    });
  }
  out.groups.insert(out.groups.end(), user.groups.begin(), user.groups.end());
  return out;
}

}  // namespace creel::engine::runtime
