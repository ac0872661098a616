// The commands' classes: flags as members, the work in run(). One .cc file per group of commands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/runtime/command.h"
#include "engine/runtime/instance/create.h"
#include "engine/runtime/instance/exec.h"

namespace creel::cmd::runtime {

class Create : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  oci::CreateOptions options_;
  std::int64_t preserve_fds_ = 0;
};

class Run : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  oci::RunOptions options_;
  std::int64_t preserve_fds_ = 0;
  bool no_subreaper_ = false;
};

class Start : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;
};

class Kill : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  bool all_ = false;
};

class Delete : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  bool force_ = false;
};

class Pause : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;
};

class Resume : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;
};

class State : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;
};

class List : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  std::string format_ = "table";
  bool quiet_ = false;
};

class Exec : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  oci::ExecOptions options_;
  std::int64_t preserve_fds_ = 0;
  std::vector<std::string> gids_;
};

class Ps : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  std::string format_ = "table";
};

class Update : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  std::string resources_;
  std::optional<std::string> memory_, memory_reservation_, memory_swap_, cpu_shares_, cpu_period_, cpu_quota_,
      cpu_burst_, cpu_idle_, pids_limit_, blkio_weight_;
  std::string cpuset_cpus_, cpuset_mems_, ignored_;
};

class Events : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  std::string interval_ = "5s";
  bool stats_ = false;
};

class Features : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;
};

class SpecCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;

 private:
  std::string bundle_;
  bool rootless_ = false;
};

class Refused : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(const Global& global) override;
};

}  // namespace creel::cmd::runtime
