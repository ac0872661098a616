#include "engine/runtime/instance/record.h"

#include <poll.h>

#include <nlohmann/json.hpp>

#include "base/process.h"
#include "base/text.h"

namespace creel::engine::runtime {

using nlohmann::json;

std::string encode_record(const Record& record) {
  json out = {{"id", record.id},
              {"bundle", record.bundle},
              {"rootfs", record.rootfs},
              {"pid", record.pid},
              {"startTime", record.start_time},
              {"boot", record.boot},
              {"created", record.created_ns},
              {"owner", record.owner},
              {"cgroup", record.cgroup},
              {"annotations", record.annotations}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<Record> decode_record(std::string_view text) {
  const json in = json::parse(text, nullptr, false);
  auto bad = [] { return fail(Code::kInvalid, "the container's state file is damaged"); };
  if (!in.is_object()) return bad();
  Record out;
  const auto string = [&](const char* key, std::string& to) {
    const auto found = in.find(key);
    if (found == in.end() || !found->is_string()) return false;
    to = found->get_ref<const std::string&>();
    return true;
  };
  const auto number = [&](const char* key, auto& to) {
    const auto found = in.find(key);
    if (found == in.end() || !found->is_number_integer()) return false;
    to = found->get<std::remove_reference_t<decltype(to)>>();
    return true;
  };
  if (!string("id", out.id) || !string("bundle", out.bundle) || !string("rootfs", out.rootfs) ||
      !string("boot", out.boot) || !string("cgroup", out.cgroup) || !number("pid", out.pid) ||
      !number("startTime", out.start_time) || !number("created", out.created_ns) || !number("owner", out.owner)) {
    return bad();
  }
  const auto annotations = in.find("annotations");
  if (annotations != in.end() && annotations->is_object()) {
    for (const auto& [key, value] : annotations->items()) {
      if (value.is_string()) out.annotations.emplace(key, value.get_ref<const std::string&>());
    }
  }
  return out;
}

Result<Fd> open_process(const Record& record) {
  const auto gone = [] { return fail(Code::kInUse, "container not running"); };
  if (record.pid <= 0 || record.boot != boot_id()) return gone();
  auto pidfd = pidfd_open(record.pid);
  if (!pidfd.ok()) return gone();
  // After opening: the descriptor is now of one process, whatever becomes of the number.
  if (process_start_time(record.pid) != record.start_time) return gone();
  pollfd ended{pidfd->get(), POLLIN, 0};
  if (poll(&ended, 1, 0) != 0) return gone();
  return std::move(*pidfd);
}

}  // namespace creel::engine::runtime
