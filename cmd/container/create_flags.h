// The flags that run and create share: what a container is to be. Each value goes to the engine as it was typed, whose
// passes know the rules. Only what is built is declared; the rest is refused by name (cmd/unbuilt.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/flags.h"
#include "engine/container/options.h"

namespace creel::cmd {

class CreateFlags {
 public:
  // Everything from the image on belongs to the container.
  void declare(Flags& flags);
  void declare_passwd(Flags& flags);  // run alone has it
  // kInvalid: --pull or --stop-timeout with a value that is none of theirs.
  Result<engine::CreateOptions> options() const;

 private:
  engine::CreateOptions options_;
  std::string pull_ = "missing", os_, arch_, variant_, authfile_, cert_dir_, creds_, retry_, retry_delay_, signature_policy_, volume_driver_, isolation_;
  std::optional<bool> tls_verify_;
  bool quiet_ = false, ignored_ = false;
  std::int64_t stop_timeout_ = kNotGiven, oom_score_adj_ = kNotGiven, timeout_ = kNotGiven;
  std::vector<std::string> arguments_;

  static constexpr std::int64_t kNotGiven = INT64_MIN;
};

}  // namespace creel::cmd
