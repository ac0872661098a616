#pragma once

#include "cmd/command.h"

namespace creel::cmd {

// creel image scp: an image from here to another machine or user, from there to here, or between two of them. Nothing
// is written on the way: one creel's save is the other's load, and the manifest keeps its digest.
class ImageScpCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool quiet_ = false;
  std::vector<std::string> arguments_;
};

// Where an image is: "IMAGE", "HOST::IMAGE", "HOST::".
struct ScpEnd {
  std::string host;  // "user@machine[:port]"; empty: here
  std::string image;
};
// kInvalid: neither a host nor an image; a host that ssh(1) would take for an option.
Result<ScpEnd> parse_scp_end(const std::string& text);
// argv that runs `creel ARGS` there: by ssh(1), by runuser(1) or sudo(8) for USER@localhost, else `self`.
std::vector<std::string> scp_argv(const ScpEnd& end, const std::vector<std::string>& self,
                                  const std::vector<std::string>& args, bool as_root);

}  // namespace creel::cmd
