// config.json <-> Spec. See runtime-spec 1.2 config.md, config-linux.md. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/runtime/spec.h"

namespace creel::engine::runtime {

// kInvalid: one line that names the field: "config.json: linux.namespaces[2].type: unknown namespace "foo"".
// kUnsupported: a field of the specification that Creel does not do (the text says which). Unknown fields are ignored, as the
// specification demands.
Result<Spec> spec_from_json(std::string_view text);
// The process object alone, as `exec --process` has it.
Result<Process> process_from_json(std::string_view text);
// Only the resources, as `update --resources` has them.
Result<Resources> resources_from_json(std::string_view text);

// For other runtimes: everything a Spec says in the specification's terms. Creel's own fields must be resolved before
// (root_path set, no overlay, no init, no user name): kInvalid names the one that is not.
Result<std::string> to_json_text(const Spec& spec);

// What `creel-runtime spec` writes.
std::string default_spec_json(bool rootless);

}  // namespace creel::engine::runtime
