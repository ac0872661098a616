#include "engine/monitor/shared/job.h"

#include "engine/runtime/child/plan_fields.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

namespace {
// "CRJB", and a number to be raised with every change of the fields.
constexpr std::uint32_t kMagic = 0x424a5243;
constexpr std::uint32_t kVersion = 5;
}  // namespace

template <typename Archive>
void fields(Archive& a, NetworkJob& n) {
  a.all(n.argv, n.port_requests, n.port_names);
}
template <typename Archive>
void fields(Archive& a, RuntimeProgram& r) {
  a.all(r.name, r.path, r.flags, r.state_root);
}
template <typename Archive>
void fields(Archive& a, RuntimeJob& r) {
  a.all(r.program, r.config_before_user, r.config_after_user);
}
template <typename Archive>
void fields(Archive& a, HealthCheck& h) {
  a.all(h.command, h.program, h.interval_ns, h.timeout_ns, h.retries, h.successes);
}
template <typename Archive>
void fields(Archive& a, HealthJob& h) {
  a.all(h.check, h.startup, h.start_period_ns, h.start_interval_ns, h.on_failure, h.log_count, h.log_size, h.log_file, h.log_events);
}
template <typename Archive>
void fields(Archive& a, RestartJob& r) {
  a.all(r.rule, r.most, r.program, r.stop_signal, r.stop_timeout_s);
}
template <typename Archive>
void fields(Archive& a, LifeChange& c) {
  a.all(c.restart, c.with_health, c.health);
}
template <typename Archive>
void fields(Archive& a, NotifyJob& n) {
  a.all(n.when, n.socket);
}
template <typename Archive>
void fields(Archive& a, Job& j) {
  a.all(j.id, j.container_dir, j.running_dir, j.runtime_dir, j.user_namespace, j.open_stdin, j.keep_record,
        j.log_driver, j.log_path, j.log_max_size, j.log_max_files, j.journal_fields, j.notify, j.timing, j.pidfile, j.timeout_s, j.conmon_pidfile, j.cleanup_argv, j.event_log, j.event_head,
        j.network, j.runtime, j.health, j.restart, j.plan);
}

std::uint32_t job_version() { return kVersion; }

std::string encode(const Job& job) {
  runtime::Writer writer;
  writer.put(kMagic);
  writer.put(kVersion);
  writer.put(job);
  return writer.take();
}

Result<Job> decode_job(std::string_view bytes) {
  runtime::Reader reader(bytes);
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  reader.all(magic, version);
  Job job;
  if (magic == kMagic && version == kVersion) reader.get(job);
  if (magic != kMagic || version != kVersion || !reader.complete()) {
    return fail(Code::kInvalid, "the monitor got a job it does not understand")
        .with_hint("creel and creel-monitor must come from the same installation");
  }
  return job;
}

namespace {
template <typename T>
std::string encode_alone(const T& value) {
  runtime::Writer writer;
  writer.put(value);
  return writer.take();
}
template <typename T>
Result<T> decode_alone(std::string_view bytes) {
  runtime::Reader reader(bytes);
  T out;
  reader.get(out);
  if (!reader.complete()) return fail(Code::kFailed, "a part of the monitor's job is not whole");
  return out;
}
}  // namespace

std::string encode(const LifeChange& change) {
  runtime::Writer writer;
  writer.put(kVersion);
  writer.put(change);
  return writer.take();
}

Result<LifeChange> decode_life_change(std::string_view bytes) {
  runtime::Reader reader(bytes);
  std::uint32_t version = 0;
  LifeChange out;
  reader.get(version);
  if (version == kVersion) reader.get(out);
  if (version != kVersion || !reader.complete()) {
    return fail(Code::kInvalid, "the container's monitor is of another version of creel, and cannot be told of a change")
        .with_hint("restart the container first");
  }
  return out;
}

std::string encode(const HealthJob& job) { return encode_alone(job); }
Result<HealthJob> decode_health_job(std::string_view bytes) { return decode_alone<HealthJob>(bytes); }
std::string encode(const runtime::ProcessPlan& plan) { return encode_alone(plan); }
Result<runtime::ProcessPlan> decode_process_plan(std::string_view bytes) { return decode_alone<runtime::ProcessPlan>(bytes); }

}  // namespace creel::engine::monitor
