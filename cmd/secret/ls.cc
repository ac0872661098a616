#include "cmd/secret/ls.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/output/output.h"
#include "engine/secret/secret.h"

namespace creel::cmd {

void SecretLsCommand::declare(Flags& flags) {
  flags.list("-f,--filter", filters_, "key=value", "Show only secrets that meet this condition: name or id");
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.flag("-n,--noheading", no_heading_, "Print no column headings");
  flags.flag("-q,--quiet", quiet_, "Print only IDs");
}

Result<int> SecretLsCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const auto secrets, engine::list_secrets(engine, filters_));
  if (quiet_ && format_.empty()) {
    for (const engine::Secret& secret : secrets) std::printf("%s\n", secret.id.c_str());
    return 0;
  }
  nlohmann::json rows = nlohmann::json::array();
  const std::int64_t now = now_ns();
  for (const engine::Secret& secret : secrets) {
    rows.push_back({{"ID", secret.id},
                    {"Name", secret.name},
                    {"Driver", secret.driver},
                    {"CreatedAt", human_duration(now - secret.created_ns) + " ago"},
                    {"UpdatedAt", human_duration(now - secret.updated_ns) + " ago"}});
  }
  Listing listing;
  listing.columns = {
      {"ID", ".ID"}, {"NAME", ".Name"}, {"DRIVER", ".Driver"}, {"CREATED", ".CreatedAt"}, {"UPDATED", ".UpdatedAt"}};
  listing.no_heading = no_heading_;
  TRY_SET(const std::string text, render_list(listing, format_, rows, nlohmann::json::array()));
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace creel::cmd
