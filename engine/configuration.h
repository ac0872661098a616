// What Creel reads of containers.conf(5). Unknown tables and keys are ignored, as every engine that shares the file does;
// a known key of the wrong type is an error. Pure data; loading is thread-safe while nobody changes the environment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace creel::engine {

struct EngineConfiguration {
  // [engine]
  std::string runtime;                                       // name or absolute path; empty: Creel's own
  std::map<std::string, std::vector<std::string>> runtimes;  // [engine.runtimes]: where each is looked for, in order
  std::string cgroup_manager;                                // "systemd", "cgroupfs"; empty: the engine chooses
  // [containers]
  std::string log_driver;                    // empty: the engine's default
  std::optional<std::int64_t> log_size_max;  // bytes; not positive: unbounded
  std::vector<std::string> default_ulimits;  // "nofile=1024:2048"
  std::string init_path, shm_size;           // as the flags take them
  std::optional<std::int64_t> pids_limit;    // 0: none
  std::vector<std::string> files;            // those that were there, in the order in which they were read
};

// $CONTAINERS_CONF alone where that is set; else the system's file and drop-ins, for a user then the user's own; last
// $CONTAINERS_CONF_OVERRIDE. Later ones override. Absent files are no error, but for those that a variable names.
// kInvalid names file and line, or file and key.
Result<EngineConfiguration> load_configuration(bool rootless);
// These files alone.
Result<EngineConfiguration> load_configuration(const std::vector<std::string>& files);

}  // namespace creel::engine
