#pragma once

#include <cstdint>

#include "cmd/command.h"

namespace creel::cmd {

// creel ps. Scripts and prompts call it often: its default table is made without JSON and templates.
class PsCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  [[nodiscard]] bool needs_sizes() const;
  Result<std::string> text(engine::Engine& engine) const;
  bool namespaces_ = false, pod_ = false, size_ = false, ignored_ = false;
  std::int64_t watch_ = 0;  // seconds; 0: once
  bool all_ = false, latest_ = false, no_trunc_ = false, no_heading_ = false, quiet_ = false;
  std::int64_t last_ = -1;
  std::string format_, sort_ = "created";
  std::vector<std::string> filters_;
};

}  // namespace creel::cmd
