#include "engine/runtime/instance/state_view.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace creel::engine::runtime {

nlohmann::json state_view(const Record& record, Status status) {
  nlohmann::json out = {{"ociVersion", kOciVersion},
                        {"id", record.id},
                        {"pid", status == Status::kStopped ? 0 : record.pid},
                        {"status", status_name(status)},
                        {"bundle", record.bundle},
                        {"rootfs", record.rootfs},
                        {"created", format_rfc3339(record.created_ns)},
                        {"owner", record.owner == 0 ? "root" : std::to_string(record.owner)}};
  if (!record.annotations.empty()) out["annotations"] = record.annotations;
  return out;
}

}  // namespace creel::engine::runtime
