// Where one user's Creel lives, and who that user is. Read once at start-up; plain data afterwards.
//
//   store    root: /var/lib/creel            user: $XDG_DATA_HOME/creel, else ~/.local/share/creel
//   runtime  root: /run/creel                user: $XDG_RUNTIME_DIR/creel, else /tmp/creel-UID (0700, checked to be
//   ours)
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace creel::rootless {

struct Directories {
  std::string store;    // durable; may not exist yet
  std::string runtime;  // volatile; exists, ours, written by nobody else; 0700 where it was made here
};

enum class Identity {
  kRoot,          // root of the initial user namespace: no user namespace is needed
  kUser,          // an ordinary user: a user namespace is entered before anything that needs rights
  kInsideUserns,  // this process is already root in the engine's own user namespace (a hidden command of the monitor)
};
// kInsideUserns is claimed by the hidden global flag --inside-userns alone, never guessed. UID 0 in a user namespace
// that somebody else made (creel in a container) is kRoot.
Identity identity(bool inside_userns_flag);

// `store` and `runtime` override (--root, --runroot). Errors: kInvalid for relative paths, kDenied when the runtime
// directory belongs to another, is a symbolic link, or can be written by others.
Result<Directories> directories(Identity identity, const std::string& store, const std::string& runtime);

// Makes `path` unless it is there: a directory of ours that nobody else can write, for in /tmp anybody can have made it
// first. kDenied, as "`what` PATH …", where it is another's, a symbolic link or open to others; `instead` is what the
// user can set.
Result<void> make_private(const std::string& path, const std::string& what, const std::string& instead);

// Name of the calling user (getpwuid), or the decimal UID where the account has no name.
std::string user_name();
// Home directory: $HOME, else the password database.
Result<std::string> home_directory();

}  // namespace creel::rootless
