#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel manifest push: a list and its images, as they are.
class ManifestPushCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = true, insecure_ = false, quiet_ = false, rm_ = false, remove_signatures_ = false;
  std::optional<bool> tls_verify_;
  std::string authfile_, cert_dir_, creds_, digestfile_, format_, progress_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
