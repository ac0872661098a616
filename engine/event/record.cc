#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/lock.h"
#include "base/text.h"
#include "engine/event/event.h"
#include "engine/json.h"

namespace creel::engine {

using nlohmann::json;

namespace {

constexpr off_t kLargest = 1 << 20;

json document(const Event& event) {
  json out = {{"Type", event.type}, {"Attributes", event.attributes}};
  if (!event.id.empty()) out["ID"] = event.id;
  if (!event.name.empty()) out["Name"] = event.name;
  if (!event.image.empty()) out["Image"] = event.image;
  return out;
}

std::string line(const Event& event) {
  json out = document(event);
  out["Status"] = event.status;
  out["Time"] = format_rfc3339(event.time_ns == 0 ? now_ns() : event.time_ns);
  if (event.exit_code) out["ContainerExitCode"] = *event.exit_code;
  return dump_json(out) + "\n";
}

Result<Fd> open_log(Engine& engine) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW;
  auto log = open_file(engine.paths().event_log(), kFlags, 0600);
  if (log.ok() || log.error().err != ENOENT) return log;
  TRY(make_dirs(engine.paths().events(), 0700));
  return open_file(engine.paths().event_log(), kFlags, 0600);
}

// Whoever has the lock, once: who waits for it finds a small log.
void turn_over(Engine& engine) {
  auto lock = FileLock::try_acquire(engine.paths().events() + "/lock");
  if (!lock.ok() || !*lock) return;
  struct stat info {};
  const std::string log = engine.paths().event_log();
  if (stat(log.c_str(), &info) == 0 && info.st_size > kLargest) (void)rename(log.c_str(), (log + ".1").c_str());
}

void append(Engine& engine, const std::string& lines) {
  auto log = open_log(engine);
  if (!log.ok() || !write_all(log->get(), lines).ok()) return;
  struct stat info {};
  if (fstat(log->get(), &info) == 0 && info.st_size > kLargest) turn_over(engine);
}

Event of_container(const ContainerConfig& config) {
  Event out;
  out.type = "container";
  out.id = config.id;
  out.name = config.name;
  out.image = config.rootfs.empty() ? config.image : std::string();
  out.attributes = config.labels;
  return out;
}

}  // namespace

void record_events(Engine& engine, const std::vector<Event>& events) {
  std::string lines;
  for (const Event& event : events) lines += line(event);
  append(engine, lines);
}

void record_container(Engine& engine, const storage::ContainerRecord& record, const std::string& status, std::optional<int> exit_code) {
  Event event;
  event.type = "container";
  event.status = status;
  event.id = record.id;
  event.name = record.name;
  event.image = record.image;
  event.exit_code = exit_code;
  event.attributes = text_map_from_column(record.labels);
  record_events(engine, {event});
}

void record_container(Engine& engine, const ContainerConfig& config, const std::vector<std::string>& statuses) {
  std::vector<Event> events;
  for (const std::string& status : statuses) {
    events.push_back(of_container(config));
    events.back().status = status;
  }
  record_events(engine, events);
}

std::string event_head(const ContainerConfig& config) {
  std::string text = dump_json(document(of_container(config)));
  text.pop_back();
  return text + ",";
}

}  // namespace creel::engine
