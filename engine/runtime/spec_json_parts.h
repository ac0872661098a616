// The sections of config.json; engine/runtime/spec_json.h is the whole. Absent sections leave their target alone.
#pragma once

#include "base/result.h"
#include "engine/runtime/json_field.h"
#include "engine/runtime/spec.h"

namespace creel::engine::runtime {

Result<void> read_process(const JsonField& field, Process& out);
Result<void> read_mounts(const JsonField& field, std::vector<Mount>& out);
Result<void> read_hooks(const JsonField& field, Spec& out);
Result<void> read_linux(const JsonField& field, Spec& out);
Result<void> read_resources(const JsonField& field, Resources& out);

Result<void> read_id_mappings(const JsonField& field, std::vector<IdMapping>& out);

// Refuses what is not an absolute path; an absent field passes.
Result<void> read_absolute_path(const JsonField& field, std::string& out);

// Names of namespaces as the specification has them; nullptr never.
const char* namespace_name(NamespaceType type);

}  // namespace creel::engine::runtime
