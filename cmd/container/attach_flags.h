// How our terminal, standard input and signals are joined to a container: shared by run, start, attach and exec.
#pragma once

#include <string>
#include <vector>

#include "cmd/flags.h"
#include "engine/container/container.h"

namespace creel::cmd {

class AttachFlags {
 public:
  void declare_keys(Flags& flags);
  void declare_sig_proxy(Flags& flags);
  void declare_streams(Flags& flags);  // of run and create
  // kInvalid: detach keys that are none; told before anything is started.
  Result<engine::StartRequest> request(bool attach, bool interactive) const;
  [[nodiscard]] bool streams_given() const { return !streams_.empty(); }
  [[nodiscard]] const std::string& detach_keys() const { return detach_keys_; }

 private:
  std::string detach_keys_ = "ctrl-p,ctrl-q";
  bool sig_proxy_ = true;
  std::vector<std::string> streams_;
};

// -it in a script: it works, but line editing and window sizes do not.
void warn_without_terminal(const engine::Engine& engine, bool tty, bool interactive);

}  // namespace creel::cmd
