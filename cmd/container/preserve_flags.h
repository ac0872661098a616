// Descriptors of the caller that a container's process gets at the same numbers: shared by run and exec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/flags.h"

namespace creel::cmd {

class PreserveFlags {
 public:
  void declare(Flags& flags);
  // `more`: that many from 3 on, whatever the flags say. kInvalid: one is not open.
  [[nodiscard]] Result<std::vector<std::uint32_t>> descriptors(int more) const;

 private:
  std::int64_t count_ = 0;
  std::vector<std::string> numbers_;
};

// How many sockets a service manager has opened for this process, from 3 on (sd_listen_fds(3)).
int listen_fds();

}  // namespace creel::cmd
