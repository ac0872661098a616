// What is kept of a container between two commands: runtime-spec runtime.md "State", with what tells its process for
// sure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

inline constexpr const char* kRecord = "state.json";
inline constexpr const char* kRecordBeingMade = "state.json.new";
inline constexpr const char* kPlan = "plan";
inline constexpr const char* kStartSocket = "start.sock";
inline constexpr std::size_t kMaxRecord = 4 << 20;
inline constexpr const char* kOciVersion = "1.2.0";

struct Record {
  std::string id;
  std::string bundle, rootfs;  // absolute
  pid_t pid = 0;
  unsigned long long start_time = 0;  // clock ticks since boot: with the boot, what makes a PID mean one process
  std::string boot;
  std::int64_t created_ns = 0;  // since the epoch
  uid_t owner = 0;              // who created it
  std::string cgroup;           // its control group, from the root of the hierarchy; empty: none of its own
  std::map<std::string, std::string> annotations;
};

std::string encode_record(const Record& record);
// kInvalid: not what encode_record() wrote.
Result<Record> decode_record(std::string_view text);

// A pidfd of the recorded process. kInUse "container not running" where it has ended (a zombie has) or the number is
// another's by now.
Result<Fd> open_process(const Record& record);

}  // namespace creel::engine::runtime
