#pragma once

#include "cmd/command.h"
#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

// creel save: images into an archive or a directory.
class SaveCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  Result<void> to_stdout(engine::Engine& engine, engine::transfer::Progress& progress);
  Result<void> to_file(engine::Engine& engine, engine::transfer::Progress& progress);
  Result<void> to_directory(engine::Engine& engine, engine::transfer::Progress& progress);

  bool quiet_ = false, several_ = false, uncompressed_ = false;
  std::string progress_;
  std::string output_, format_name_ = "docker-archive";
  engine::transfer::SaveOptions options_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
