#include <fcntl.h>

#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/child/steps.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kMaxFile = 4 << 20;
constexpr std::size_t kMaxGroups = 1024;

std::optional<std::uint32_t> number(std::string_view text) {
  Result<std::int64_t> n = parse_int(text, "id");
  if (!n.ok() || *n < 0 || *n > 0xfffffffeLL) return std::nullopt;
  return static_cast<std::uint32_t>(*n);
}

// The image's file: a regular file of bounded size, or nothing.
std::vector<std::vector<std::string>> table(const char* path) {
  std::vector<std::vector<std::string>> rows;
  // Not blocking: the image may have put a FIFO there.
  Result<Fd> file = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!file.ok()) return rows;
  Result<std::string> text = read_all(file->get(), kMaxFile);
  if (!text.ok()) return rows;
  for (const std::string& line : split(*text, '\n')) {
    if (!line.empty() && line.front() != '#') rows.push_back(split(line, ':'));
  }
  return rows;
}

bool has_home(const ProcessPlan& plan) {
  for (const std::string& item : plan.env) {
    if (item.rfind("HOME=", 0) == 0) return true;
  }
  return false;
}

}  // namespace

Result<void> look_up_user(ProcessPlan& plan) {
  UserStep& user = plan.user;
  if (user.name.empty() && has_home(plan)) return {};
  const auto passwd = table("/etc/passwd");
  std::string home;
  std::string login;
  const Cut parts = cut(user.name, ':');
  if (!user.name.empty()) {
    user.gid = 0;
    const std::optional<std::uint32_t> uid = number(parts.before);
    bool found = false;
    for (const auto& row : passwd) {
      if (row.size() < 4) continue;
      const std::optional<std::uint32_t> row_uid = number(row[2]);
      if (!row_uid || (row[0] != parts.before && (!uid || *uid != *row_uid))) continue;
      found = true;
      login = row[0];
      user.uid = *row_uid;
      user.gid = number(row[3]).value_or(0);
      if (row.size() > 5) home = row[5];
      break;
    }
    if (!found) {
      if (!uid) {
        return fail(Code::kCannotInvoke, "unable to find user " + parts.before + ": no matching entries in passwd file");
      }
      user.uid = *uid;
    }
    if (parts.found && !parts.after.empty()) {
      const std::optional<std::uint32_t> gid = number(parts.after);
      bool matched = false;
      for (const auto& row : table("/etc/group")) {
        if (row.size() < 3 || row[0] != parts.after) continue;
        if (const auto n = number(row[2])) {
          user.gid = *n;
          matched = true;
          break;
        }
      }
      if (!matched && !gid) {
        return fail(Code::kCannotInvoke, "unable to find group " + parts.after + ": no matching entries in group file");
      }
      if (!matched) user.gid = *gid;
    } else if (!login.empty()) {
      for (const auto& row : table("/etc/group")) {
        if (row.size() < 4 || user.groups.size() >= kMaxGroups) continue;
        for (const std::string& member : split(row[3], ',')) {
          if (member != login) continue;
          if (const auto n = number(row[2])) user.groups.push_back(*n);
          break;
        }
      }
    }
  } else {
    for (const auto& row : passwd) {
      if (row.size() > 5 && number(row[2]) == user.uid) {
        home = row[5];
        break;
      }
    }
  }
  if (!has_home(plan)) plan.env.push_back("HOME=" + (home.empty() ? std::string(user.uid == 0 ? "/root" : "/") : home));
  return {};
}

}  // namespace creel::engine::runtime
