// The directory that holds the state of all containers of one creel-runtime, one sub-directory each:
//
//   <root>/<id>/state.json       the Record; published by a rename once the container is created
//   <root>/<id>/state.json.new   a container that is being created
//   <root>/<id>/plan             the Plan it was made of: exec, hooks and deletion need it
//   <root>/<id>/start.sock       where the first process waits for `start`; gone once it has started
//
// The directory itself is locked (flock(2)) by who creates, starts or deletes the container.
// Who runs this: creel-runtime, as its caller. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

// kInvalid unless it is what runc takes: letters, digits and "_+-.", not "." or "..".
Result<void> check_id(const std::string& id);

class StateRoot {
 public:
  // Empty: /run/creel-runtime for root of the initial user namespace, $XDG_RUNTIME_DIR/creel-runtime for others, else
  // /tmp/creel-runtime-UID. Made (0700) where absent. kDenied where others could write to it.
  static Result<StateRoot> open(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int dir() const { return dir_.get(); }
  // A new container's directory, locked. What a creation that was killed has left is cleared away. kExists.
  [[nodiscard]] Result<Fd> claim(const std::string& id) const;
  // Sorted.
  [[nodiscard]] Result<std::vector<std::string>> ids() const;
  // Removes the directory of a container whose lock the caller holds.
  [[nodiscard]] Result<void> forget(const std::string& id) const;

 private:
  std::string path_;
  Fd dir_;
};

}  // namespace creel::engine::runtime
