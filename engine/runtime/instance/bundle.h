// A bundle (runtime-spec bundle.md) becomes a Plan: the directory's config.json, with what the command line and the
// caller's environment add to it. Thread-safe.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

struct BundleOptions {
  std::string id;
  std::string bundle;  // empty: the working directory
  std::string config;  // empty: config.json in the bundle
  int preserve_fds = 0;
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool systemd_cgroup = false;
};

struct Bundle {
  std::string path;    // absolute
  std::string rootfs;  // absolute
  std::map<std::string, std::string> annotations;
  Plan plan;
};

// kInvalid names the field of config.json; kUnavailable what the host lacks.
Result<Bundle> load_bundle(const BundleOptions& options);

}  // namespace creel::engine::runtime
