#include "base/file.h"
#include "engine/container/container.h"
#include "engine/container/journal.h"
#include "engine/container/state.h"

namespace creel::engine {

Result<void> logs(Engine& engine, const std::string& name, const LogsRequest& request,
                  const std::function<bool(const monitor::LogLine&)>& line) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  TRY_SET(ContainerConfig config, config_of(record));
  if (config.log_driver == "none" || config.log_driver.starts_with("passthrough")) {
    return fail(Code::kFailed, "this container is using the '" + config.log_driver +
                                   "' log driver, cannot read logs: this container is not logging output");
  }
  if (config.log_driver == "journald") return read_journal(engine, record.id, request, line);
  monitor::LogQuery query;
  query.driver = config.log_driver == "json-file" ? monitor::LogDriver::kJsonFile : monitor::LogDriver::kK8sFile;
  query.path = config.log_path;
  query.since_ns = request.since_ns;
  query.until_ns = request.until_ns;
  query.tail = request.tail;
  query.follow = request.follow;
  query.caught_up = request.caught_up;
  query.running_dir = engine.paths().running(record.id);
  const monitor::Observed observed = observe(engine, record.id);
  // Never started: there is nothing to read, and nothing to wait for.
  if (observed.status == monitor::Status::kCreated && !path_exists(query.path)) return {};
  return monitor::read_log(query, line);
}

}  // namespace creel::engine
