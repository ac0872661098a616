#include "registry/policy/gpg.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "registry/encoding.h"
#include "registry/oci/json.h"

namespace creel::registry::policy {

namespace {

constexpr std::size_t kLargestContent = 1 << 20;
// What the children find their files as.
constexpr int kKeysFd = 10, kMessageFd = 11, kStatusFd = 12, kPassphraseFd = 13;

std::string fd_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

Result<Fd> memory_file(const char* name, std::string_view content) {
  Fd fd(memfd_create(name, MFD_CLOEXEC));
  if (fd.get() < 0) return errno_error("making a file in memory");
  TRY(write_all(fd.get(), content));
  if (lseek(fd.get(), 0, SEEK_SET) < 0) return errno_error("rewinding a file in memory");
  return fd;
}

Result<std::string> content_of(const Fd& fd, std::size_t limit) {
  if (lseek(fd.get(), 0, SEEK_SET) < 0) return errno_error("rewinding a file in memory");
  return read_all(fd.get(), limit);
}

// Keywords of "[GNUPG:] KEYWORD ARGUMENTS…" lines.
std::vector<std::string> keywords(const std::string& status) {
  std::vector<std::string> out;
  for (const std::string& line : split(status, '\n')) {
    if (line.starts_with("[GNUPG:] ")) out.push_back(cut(line.substr(9), ' ').before);
  }
  return out;
}

struct Child {
  int exit_code = 0;
  std::string status, output, errors;
};

Result<Child> run(const std::string& program, std::vector<std::string> arguments,
                  std::vector<std::pair<int, int>> fds) {
  TRY_SET(const Fd null, open_file("/dev/null", O_RDWR));
  TRY_SET(const Fd status, memory_file("status", {}));
  TRY_SET(const Fd output, memory_file("output", {}));
  TRY_SET(const Fd errors, memory_file("errors", {}));
  SpawnRequest request;
  request.path = program;
  request.argv = {program, "--status-fd", std::to_string(kStatusFd)};
  request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
  request.fds = std::move(fds);
  request.fds.insert(request.fds.end(), {{null.get(), STDIN_FILENO},
                                         {output.get(), STDOUT_FILENO},
                                         {errors.get(), STDERR_FILENO},
                                         {status.get(), kStatusFd}});
  TRY_SET(Process child, spawn(request));
  Child out;
  TRY_SET(out.exit_code, child.wait());
  TRY_SET(out.status, content_of(status, 1 << 20));
  TRY_SET(out.output, content_of(output, kLargestContent));
  TRY_SET(out.errors, content_of(errors, 64 << 10));
  return out;
}

Result<std::string> program_of_gnupg(const char* name) {
  auto found = find_program(name);
  if (found) return found;
  return fail(Code::kUnavailable, std::string(name) + " is not installed, and OpenPGP signatures need it")
      .with_hint("Install GnuPG's package " + std::string(name) + ".");
}

// The base64 of one armored block, between its header lines and its checksum.
Result<std::string> armored_block(std::string_view lines) {
  std::string base64;
  bool headers = true;
  for (const std::string& raw : split(lines, '\n')) {
    const std::string_view line = trim(raw);
    if (headers) {
      headers = !line.empty();
      continue;
    }
    if (line.starts_with('=')) break;
    base64 += line;
  }
  auto bytes = base64_decode(base64);
  if (!bytes || bytes->empty()) return fail(Code::kInvalid, "the armored key is no base64");
  return std::move(*bytes);
}

}  // namespace

Result<std::string> dearmor(std::string_view keyring) {
  constexpr std::string_view kBegin = "-----BEGIN PGP PUBLIC KEY BLOCK-----", kEnd = "-----END PGP";
  // A packet of OpenPGP has its highest bit set; a keybox says what it is.
  if (!keyring.empty() && (keyring.front() & 0x80) != 0) return std::string(keyring);
  if (keyring.size() > 12 && keyring.substr(8, 4) == "KBXf")
    return fail(Code::kUnsupported, "the keyring is a keybox of GnuPG").with_hint("Export its keys: gpg --export.");
  std::string out;
  for (std::size_t begin; (begin = keyring.find(kBegin)) != std::string_view::npos;) {
    keyring.remove_prefix(begin + kBegin.size());
    const std::size_t first = keyring.find('\n');
    const std::size_t end = keyring.find(kEnd);
    if (first == std::string_view::npos || end == std::string_view::npos || first > end) break;
    TRY_SET(const std::string block, armored_block(keyring.substr(first + 1, end - first - 1)));
    out += block;
    keyring.remove_prefix(end);
  }
  if (out.empty()) return fail(Code::kInvalid, "no OpenPGP public key is in it");
  return out;
}

Result<std::string> verify_message(const std::vector<std::string>& keyrings, const std::string& message) {
  // Nothing but a binary OpenPGP message: gpgv would also read text around a clear-signed one.
  if (message.empty() || (message.front() & 0x80) == 0)
    return fail(Code::kInvalid, "invalid signature: it is no OpenPGP message");
  TRY_SET(const std::string gpgv, program_of_gnupg("gpgv"));
  std::string keys;
  for (const std::string& keyring : keyrings) {
    TRY_SET(const std::string binary, dearmor(keyring));
    keys += binary;
  }
  TRY_SET(const Fd keys_file, memory_file("keys", keys));
  TRY_SET(const Fd message_file, memory_file("message", message));
  TRY_SET(const Child child, run(gpgv, {"--keyring", fd_path(kKeysFd), "--output", "-", fd_path(kMessageFd)},
                                 {{keys_file.get(), kKeysFd}, {message_file.get(), kMessageFd}}));
  const auto words = keywords(child.status);
  const auto count = [&](const char* word) { return std::count(words.begin(), words.end(), word); };
  // Each in its place: a message that carries several contents or signatures says nothing clearly.
  const bool good = child.exit_code == 0 && count("NEWSIG") == 1 && count("GOODSIG") == 1 && count("VALIDSIG") == 1 &&
                    count("PLAINTEXT") == 1;
  if (good) {
    for (const char* bad : {"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "NODATA", "FAILURE"}) {
      if (count(bad) != 0) return fail(Code::kDenied, std::string("the OpenPGP signature is not accepted: ") + bad);
    }
    return child.output;
  }
  const char* why = "it is not valid";
  if (count("NO_PUBKEY") != 0) why = "it was made by another key";
  if (count("BADSIG") != 0) why = "it does not fit its content";
  if (count("EXPSIG") != 0) why = "it has expired";
  if (count("EXPKEYSIG") != 0) why = "its key has expired";
  if (count("REVKEYSIG") != 0) why = "its key was revoked";
  return fail(Code::kDenied, std::string("the OpenPGP signature is not accepted: ") + why);
}

Result<std::string> sign_message(const std::string& key, const std::string& passphrase, const std::string& content) {
  TRY_SET(const std::string gpg, program_of_gnupg("gpg"));
  TRY_SET(const Fd message_file, memory_file("message", content));
  TRY_SET(const Fd secret, memory_file("passphrase", passphrase));
  std::vector<std::string> arguments{"--batch", "--no-tty", "--yes", "--no-armor"};
  std::vector<std::pair<int, int>> fds{{message_file.get(), kMessageFd}};
  if (!passphrase.empty()) {
    arguments.insert(arguments.end(),
                     {"--pinentry-mode", "loopback", "--passphrase-fd", std::to_string(kPassphraseFd)});
    fds.emplace_back(secret.get(), kPassphraseFd);
  }
  arguments.insert(arguments.end(), {"--local-user", key, "--output", "-", "--sign", fd_path(kMessageFd)});
  TRY_SET(const Child child, run(gpg, std::move(arguments), std::move(fds)));
  const auto words = keywords(child.status);
  if (child.exit_code == 0 && std::count(words.begin(), words.end(), "SIG_CREATED") == 1) return child.output;
  const std::string told(trim(child.errors));
  return fail(Code::kFailed, "signing with the OpenPGP key " + oci::printable(key, 100) + ": " +
                                 oci::printable(cut(told, '\n').before));
}

}  // namespace creel::registry::policy
