#include "engine/runtime/spec_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/runtime/spec_json_parts.h"

namespace creel::engine::runtime {

using nlohmann::json;

namespace {

// Semantic versioning: whoever writes 1.x may use no more than what was added since, and unknown fields are ignored.
Result<void> check_version(const JsonField& field) {
  TRY(field.required());
  std::string version;
  TRY(field.read(version));
  if (version.rfind("1.", 0) != 0)
    return field.unsupported("version 1 of the specification is expected, not " + in_quotes(version));
  return {};
}

Result<void> refuse_other_systems(const JsonField& document) {
  for (const char* key : {"windows", "solaris", "freebsd", "zos", "vm"}) {
    if (!document[key].absent()) return document[key].unsupported("not a container of Linux namespaces");
  }
  return {};
}

bool has_uts(const Spec& spec) {
  return std::any_of(spec.namespaces.begin(), spec.namespaces.end(),
                     [](const Namespace& one) { return one.type == NamespaceType::kUts; });
}

}  // namespace

Result<Spec> spec_from_json(std::string_view text) {
  TRY_SET(const json parsed, parse_document(text, "config.json"));
  const JsonField document(parsed, "config.json");
  if (!parsed.is_object()) return document.wrong("an object is expected");
  Spec spec;
  TRY(check_version(document["ociVersion"]));
  TRY(refuse_other_systems(document));
  TRY(document["root"].object());
  TRY(document["root"]["path"].required());
  TRY(document["root"]["path"].read(spec.root_path));
  if (spec.root_path.empty()) return document["root"]["path"].wrong("empty");
  TRY(document["root"]["readonly"].read(spec.root_readonly));
  // create works without a process; start does not.
  if (!document["process"].absent()) TRY(read_process(document["process"], spec.process));
  TRY(document["hostname"].read(spec.hostname));
  TRY(document["domainname"].read(spec.domainname));
  TRY(read_mounts(document["mounts"], spec.mounts));
  TRY(read_hooks(document["hooks"], spec));
  TRY(document["annotations"].read(spec.annotations));
  TRY(read_linux(document["linux"], spec));
  for (const auto& [key, name] : {std::pair("hostname", &spec.hostname), std::pair("domainname", &spec.domainname)}) {
    if (!name->empty() && !has_uts(spec)) return document[key].wrong("the container has no uts namespace of its own");
  }
  return spec;
}

Result<Process> process_from_json(std::string_view text) {
  TRY_SET(const json parsed, parse_document(text, "process"));
  const JsonField document(parsed, "process");
  if (!parsed.is_object()) return document.wrong("an object is expected");
  Process process;
  TRY(read_process(document, process));
  return process;
}

Result<Resources> resources_from_json(std::string_view text) {
  TRY_SET(const json parsed, parse_document(text, "resources"));
  const JsonField document(parsed, "resources");
  if (!parsed.is_object()) return document.wrong("an object is expected");
  Resources resources;
  TRY(read_resources(document, resources));
  return resources;
}

}  // namespace creel::engine::runtime
