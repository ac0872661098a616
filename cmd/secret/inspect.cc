#include "cmd/secret/inspect.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/container/ps_text.h"
#include "cmd/exit_code.h"
#include "cmd/output/inspection.h"
#include "cmd/output/output.h"
#include "engine/secret/secret.h"

namespace creel::cmd {
namespace {

using nlohmann::json;

Result<json> document(engine::Engine& engine, const std::string& name, bool show, bool for_template) {
  auto found = engine::find_secret(engine, name);
  if (!found.ok()) return std::move(found).error().within("inspecting secret");
  const auto time = [&](std::int64_t ns) { return for_template ? go_time(ns) : format_rfc3339(ns); };
  json out = {{"ID", found->id},
              {"CreatedAt", time(found->created_ns)},
              {"UpdatedAt", time(found->updated_ns)},
              {"Spec",
               {{"Name", found->name},
                {"Driver", {{"Name", found->driver}, {"Options", found->driver_options}}},
                {"Labels", found->labels}}}};
  if (show) {
    TRY_SET(out["SecretData"], engine::secret_data(engine, *found));
  }
  return out;
}

void print_pretty(const json& secret) {
  const json& spec = secret["Spec"];
  std::printf("ID:              %s\nName:              %s\n", secret["ID"].get<std::string>().c_str(),
              spec["Name"].get<std::string>().c_str());
  if (!spec["Labels"].empty()) std::printf("Labels:\n");
  for (const auto& [key, value] : spec["Labels"].items()) {
    const std::string text = value.get<std::string>();
    std::printf(" - %s%s%s\n", key.c_str(), text.empty() ? "" : "=", text.c_str());
  }
  std::printf("Driver:            %s\n", spec["Driver"]["Name"].get<std::string>().c_str());
  if (!spec["Driver"]["Options"].empty()) std::printf("Driver Options:\n");
  for (const auto& [key, value] : spec["Driver"]["Options"].items())
    std::printf(" - %s=%s\n", key.c_str(), value.get<std::string>().c_str());
  std::printf("Created at:        %s\nUpdated at:        %s\n", secret["CreatedAt"].get<std::string>().c_str(),
              secret["UpdatedAt"].get<std::string>().c_str());
  if (secret.contains("SecretData"))
    std::printf("Secret:            %s\n", secret["SecretData"].get<std::string>().c_str());
}

}  // namespace

void SecretInspectCommand::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "Print by a Go template");
  flags.flag("--pretty", pretty_, "Print for people to read");
  flags.flag("--showsecret", show_, "Print the data, too");
  flags.arguments(arguments_);
}

Result<int> SecretInspectCommand::run(Context& context) {
  if (pretty_ && !format_.empty()) return fail(Code::kInvalid, "--format and --pretty cannot be used together");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  const bool for_template = pretty_ || (!format_.empty() && !means_json(format_));
  if (!pretty_) {
    Inspection inspection(format_);
    for (const std::string& name : arguments_) inspection.add(document(engine, name, show_, for_template));
    return inspection.print();
  }
  int code = 0;
  for (const std::string& name : arguments_) {
    auto found = document(engine, name, show_, for_template);
    if (found.ok()) {
      print_pretty(*found);
    } else {
      print_error(found.error());
      code = std::max(code, exit_code(found.error()));
    }
  }
  return code;
}

}  // namespace creel::cmd
