#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cmd/command.h"
#include "registry/client.h"

namespace creel::cmd {

// creel search: what registries have whose name holds a term, or the tags of one repository.
class SearchCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  struct Filters {
    std::int64_t stars = 0;
    std::optional<bool> official, automated;
  };
  [[nodiscard]] Result<Filters> filters() const;
  Result<void> found(const std::string& domain, const std::string& term, nlohmann::json& rows) const;
  Result<int> list_tags(const std::string& term) const;
  Result<int> search(const std::string& term) const;

  registry::ClientOptions client_;
  bool compatible_ = false, list_tags_ = false, no_trunc_ = false;
  std::int64_t limit_ = 0;
  std::string format_;
  std::vector<std::string> filters_, arguments_;
};

}  // namespace creel::cmd
