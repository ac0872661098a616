// Archives made by hand, a directory to unpack them into, and processes with fewer rights.
//
// As root the tests use any owner. An ordinary user's test program enters a user namespace before main(), with
// subordinate IDs where newuidmap gives them.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "storage/unpack/unpack.h"

namespace unpack_test {

using namespace creel;
using namespace creel::storage::unpack;

inline std::string sub_ids(const std::string& file, const std::string& user) {
  auto text = read_file(file);
  if (!text) return {};
  for (const auto& line : split(*text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() == 3 && fields[0] == user) return fields[1] + " " + fields[2];
  }
  return {};
}

inline bool map_self(uid_t uid, gid_t gid) {
  const auto put = [](const char* path, const std::string& text) {
    auto file = open_file(path, O_WRONLY);
    return file.ok() && write_all(file->get(), text).ok();
  };
  return put("/proc/self/setgroups", "deny") && put("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") &&
         put("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
}

// ThreadSanitizer runs a thread of its own: unshare(2) of a user namespace fails beside it.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kCanUnshare = false;
extern "C" __attribute__((used)) inline const char* __tsan_default_options() {
  return "die_after_fork=0";
}
#else
inline constexpr bool kCanUnshare = true;
#endif

// Whether owners 1 to 1000 can be given.
inline bool enter_namespace() {
  if (::geteuid() == 0) return true;
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const passwd* user = ::getpwuid(uid);
  const std::string uids = user != nullptr ? sub_ids("/etc/subuid", user->pw_name) : "";
  const std::string gids = user != nullptr ? sub_ids("/etc/subgid", user->pw_name) : "";
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return false;
  const std::string pid = std::to_string(::getpid());
  const pid_t helper = ::fork();
  if (helper == 0) {
    char byte;
    ::close(ready[1]);
    if (::read(ready[0], &byte, 1) != 1 || uids.empty() || gids.empty()) ::_exit(1);
    const std::string command = "newuidmap " + pid + " 0 " + std::to_string(uid) + " 1 1 " + uids + " && newgidmap " +
                                pid + " 0 " + std::to_string(gid) + " 1 1 " + gids;
    ::_exit(::system(command.c_str()) == 0 ? 0 : 1);
  }
  ::close(ready[0]);
  const bool unshared = ::unshare(CLONE_NEWUSER) == 0;
  if (unshared) (void)!::write(ready[1], "x", 1);
  ::close(ready[1]);
  int status = 1;
  ::waitpid(helper, &status, 0);
  if (!unshared) return false;
  if (status == 0) return true;
  map_self(uid, gid);
  return false;
}
inline const bool kManyIds = enter_namespace();

// Runs `body` in a process of its own and gives back what it returned; empty is success.
inline std::string in_child(const std::function<std::string()>& body) {
  int out[2];
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string text = body();
    (void)write_all(out[1], text).ok();
    ::_exit(0);
  }
  ::close(out[1]);
  const Fd from(out[0]);
  auto text = read_all(from.get());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) return "the process failed with status " + std::to_string(status);
  return text.ok() ? *text : text.error().text;
}

// For a child: the given system calls fail from now on.
inline bool forbid(const std::vector<std::pair<int, int>>& calls) {
  std::vector<sock_filter> code{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const auto& [number, err] : calls) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(err)));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// For a child: a user namespace in which only one ID is mapped.
inline bool enter_single_id_namespace(int also = 0) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  return ::unshare(CLONE_NEWUSER | also) == 0 && map_self(uid, gid);
}

struct Member {
  std::string name;
  char type = '0';
  std::string data{};
  std::string link{};
  unsigned mode = 0644;
  unsigned long uid = ::geteuid();
  unsigned long gid = ::getegid();
  long long mtime = 1000000000;
  long long size = -1;  // as the header says it; -1: of the data
  std::vector<std::pair<std::string, std::string>> pax{};
};

// A tar, byte by byte, so that it can be wrong.
class Tar {
 public:
  Tar& add(const Member& member) {
    if (!member.pax.empty()) {
      std::string records;
      for (const auto& [key, value] : member.pax) records += record(key, value);
      block({"PaxHeaders/x", 'x', records});
    }
    return block(member);
  }
  Tar& dir(const std::string& name, unsigned mode = 0755) { return add({name, '5', "", "", mode}); }
  Tar& file(const std::string& name, const std::string& data = "x", unsigned mode = 0644) {
    return add({name, '0', data, "", mode});
  }
  Tar& symlink(const std::string& name, const std::string& to) { return add({name, '2', "", to, 0777}); }
  Tar& hard_link(const std::string& name, const std::string& to) { return add({name, '1', "", to}); }
  Tar& raw(const std::string& bytes) {
    bytes_ += bytes;
    return *this;
  }
  [[nodiscard]] std::string end() const { return bytes_ + std::string(1024, '\0'); }
  [[nodiscard]] const std::string& open_end() const { return bytes_; }

  static std::string record(const std::string& key, const std::string& value) {
    const std::string rest = " " + key + "=" + value + "\n";
    std::size_t size = rest.size() + 1;
    while (std::to_string(size).size() + rest.size() != size) size = std::to_string(size).size() + rest.size();
    return std::to_string(size) + rest;
  }
  static void seal(std::string& header) {
    header.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const unsigned char c : header) sum += c;
    char text[8];
    std::snprintf(text, sizeof text, "%06o", sum & 0777777);
    header.replace(148, 7, std::string(text, 7));
  }
  static std::string header(const Member& m) {
    std::string h(512, '\0');
    auto put = [&](std::size_t at, std::size_t width, const std::string& text) {
      h.replace(at, std::min(width, text.size()), text, 0, std::min(width, text.size()));
    };
    auto octal = [&](std::size_t at, std::size_t width, unsigned long long value) {
      char text[32];
      std::snprintf(text, sizeof text, "%0*llo", static_cast<int>(width - 1), value);
      put(at, width, text);
    };
    put(0, 100, m.name);
    octal(100, 8, m.mode);
    if (m.uid > 07777777) {
      h[108] = '\x80';
      for (int i = 0; i < 4; ++i) h[115 - static_cast<std::size_t>(i)] = static_cast<char>(m.uid >> (8 * i));
    } else {
      octal(108, 8, m.uid);
    }
    octal(116, 8, m.gid);
    octal(124, 12, static_cast<unsigned long long>(m.size >= 0 ? m.size : static_cast<long long>(m.data.size())));
    octal(136, 12, static_cast<unsigned long long>(m.mtime));
    h[156] = m.type;
    put(157, 100, m.link);
    put(257, 8,
        std::string("ustar\0"
                    "00",
                    8));
    seal(h);
    return h;
  }

 private:
  Tar& block(const Member& m) {
    bytes_ += header(m) + m.data;
    bytes_.resize((bytes_.size() + 511) / 512 * 512, '\0');
    return *this;
  }
  std::string bytes_;
};

// `bytes` compressed by libarchive's filter of that name ("gzip", "zstd", "xz", "bzip2").
inline std::string compress(const std::string& bytes, const std::string& filter) {
  std::string out(bytes.size() * 2 + 65536, '\0');
  std::size_t used = 0;
  archive* a = archive_write_new();
  archive_entry* entry = archive_entry_new();
  REQUIRE(archive_write_add_filter_by_name(a, filter.c_str()) == ARCHIVE_OK);
  archive_write_set_format_raw(a);
  archive_write_set_bytes_in_last_block(a, 1);
  REQUIRE(archive_write_open_memory(a, out.data(), out.size(), &used) == ARCHIVE_OK);
  archive_entry_set_filetype(entry, AE_IFREG);
  REQUIRE(archive_write_header(a, entry) == ARCHIVE_OK);
  REQUIRE(archive_write_data(a, bytes.data(), bytes.size()) == static_cast<la_ssize_t>(bytes.size()));
  REQUIRE(archive_write_close(a) == ARCHIVE_OK);
  archive_entry_free(entry);
  archive_write_free(a);
  out.resize(used);
  return out;
}

inline Source pieces(const std::string& bytes, std::size_t piece) {
  return [&bytes, piece, at = std::size_t{0}]() mutable -> Result<std::string_view> {
    const auto view = std::string_view(bytes).substr(at, piece);
    at += view.size();
    return view;
  };
}

// A directory "root" to unpack into, with a file beside it that no archive may reach. Not in /tmp, which may be a tmpfs
// without user attributes.
class Target {
 public:
  Target() {
    char path[] = "/var/tmp/creel-unpack-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    base_ = path;
    REQUIRE(::mkdir((base_ + "/root").c_str(), 0755) == 0);
    REQUIRE(write_atomic(base_ + "/outside", "untouched", 0600).ok());
    fd_ = std::move(*open_file(base_ + "/root", O_RDONLY | O_DIRECTORY));
  }
  ~Target() {
    auto tmp = open_file("/var/tmp", O_RDONLY | O_DIRECTORY);
    if (tmp.ok()) (void)remove_tree_at(tmp->get(), base_.substr(9)).ok();
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  Result<Unpacked> unpack(const std::string& bytes, std::size_t piece = 1 << 20, const Options& options = {}) {
    return unpack_layer(pieces(bytes, piece), fd_.get(), options);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::string path(const std::string& name) const { return base_ + "/root/" + name; }
  [[nodiscard]] bool has(const std::string& name) const {
    struct stat st {};
    return ::fstatat(fd_.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
  }
  [[nodiscard]] struct stat stat(const std::string& name) const {
    struct stat st {};
    REQUIRE_MESSAGE(::fstatat(fd_.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0, name);
    return st;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    auto text = read_file(path(name));
    return text.ok() ? *text : text.error().text;
  }
  [[nodiscard]] std::string link(const std::string& name) const {
    char text[4096];
    const ssize_t n = ::readlink(path(name).c_str(), text, sizeof text);
    return n < 0 ? "" : std::string(text, static_cast<std::size_t>(n));
  }
  [[nodiscard]] std::string xattr(const std::string& name, const std::string& key) const {
    char value[256];
    const ssize_t n = ::lgetxattr(path(name).c_str(), key.c_str(), value, sizeof value);
    return n < 0 ? "" : std::string(value, static_cast<std::size_t>(n));
  }
  [[nodiscard]] bool is_whiteout(const std::string& name) const {
    const auto st = stat(name);
    return S_ISCHR(st.st_mode) && st.st_rdev == 0;
  }
  // Nothing beside the root came, went or changed.
  [[nodiscard]] bool outside_is_untouched() const {
    auto names = list_dir(base_);
    auto text = read_file(base_ + "/outside");
    struct stat st {};
    return names.ok() && names->size() == 2 && text.ok() && *text == "untouched" &&
           ::stat((base_ + "/outside").c_str(), &st) == 0 && st.st_nlink == 1;
  }

 private:
  std::string base_;
  Fd fd_;
};

inline std::string sha256(const std::string& bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish().hex();
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace unpack_test
