#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/runtime/handlers.h"
#include "engine/runtime/instance/state_view.h"

namespace creel::cmd::runtime {

namespace {

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - row[i].size() + 3, ' ');
    }
    out += "\n";
  }
  return out;
}

}  // namespace

void State::declare(Flags&) {}
Result<int> State::run(const Global& global) {
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  print(instance.state_json(instance.status()));
  return 0;
}

void List::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "table or json").choices({"table", "json"});
  flags.flag("-q,--quiet", quiet_, "IDs alone");
}

Result<int> List::run(const Global& global) {
  if (format_ != "table" && format_ != "json")
    return fail(Code::kInvalid, "--format " + format_ + ": table or json is expected");
  TRY_SET(const oci::StateRoot root, oci::StateRoot::open(global.root));
  TRY_SET(const std::vector<std::string> ids, root.ids());
  nlohmann::json all = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows = {{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  std::string names;
  for (const std::string& id : ids) {
    auto instance = oci::Instance::open(root, id);
    // Being created, or just deleted.
    if (!instance.ok()) continue;
    names += id + "\n";
    if (quiet_) continue;
    const nlohmann::json view = oci::state_view(instance->record(), instance->status());
    rows.push_back({id, std::to_string(view["pid"].get<int>()), view["status"].get<std::string>(),
                    view["bundle"].get<std::string>(), view["created"].get<std::string>(),
                    view["owner"].get<std::string>()});
    all.push_back(view);
  }
  if (quiet_) {
    print(names);
  } else if (format_ == "json") {
    print(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    print(table_text(rows));
  }
  return 0;
}

}  // namespace creel::cmd::runtime
