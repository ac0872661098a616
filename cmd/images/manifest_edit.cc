#include "cmd/images/manifest_edit.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/images/common.h"

namespace creel::cmd {

namespace transfer = engine::transfer;

namespace {

Result<std::map<std::string, std::string>> annotations_of(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> out;
  for (const std::string& text : texts) {
    const Cut parts = cut(text, '=');
    if (!parts.found)
      return fail(Code::kInvalid, "no value given for annotation \"" + text + "\": KEY=VALUE is needed");
    out[parts.before] = parts.after;
  }
  return out;
}

int print_id(const std::string& id) {
  std::printf("%s\n", id.c_str());
  return 0;
}

// --insecure is an older spelling of --tls-verify=false.
std::optional<bool> verify(std::optional<bool> tls_verify, bool insecure) {
  return insecure ? false : tls_verify;
}

}  // namespace

void ManifestCreateCommand::declare(Flags& flags) {
  flags.flag("--all", all_, "Of images that are lists: add all their images");
  flags.flag("-a,--amend", amend_, "Add to the list of that name, if there is one");
  flags.list("--annotation", annotations_, "KEY=VALUE", "Set an annotation of the list");
  flags.flag("--insecure", insecure_, "As --tls-verify=false").hidden();
  flags.flag("--tls-verify", tls_verify_, "Require HTTPS and verify certificates");
  flags.arguments(arguments_);
}

Result<int> ManifestCreateCommand::run(Context& context) {
  TRY_SET(const auto annotations, annotations_of(annotations_));
  TRY_SET(engine::Engine engine, engine_inside(context));
  TRY_SET(const std::string id, transfer::create_list(engine, arguments_[0], amend_));
  transfer::AddOptions options;
  options.all = all_;
  options.registry.tls_verify = verify(tls_verify_, insecure_);
  for (std::size_t i = 1; i < arguments_.size(); ++i) {
    TRY(transfer::add_to_list(engine, "sha256:" + id, arguments_[i], options));
  }
  if (!annotations.empty()) TRY(transfer::annotate_index(engine, "sha256:" + id, annotations, {}));
  return print_id(id);
}

void EntryFlags::declare(Flags& flags) {
  flags.list("--annotation", annotations_, "KEY=VALUE", "Set an annotation of the entry");
  flags.value("--arch", arch_, "string", "The entry's architecture");
  flags.list("--features", features_, "strings", "The entry's features (Docker's lists have them)").csv();
  flags.value("--os", os_, "string", "The entry's operating system");
  flags.list("--os-features", os_features_, "strings", "Features that the operating system must have").csv();
  flags.value("--os-version", os_version_, "string", "The version of the operating system");
  flags.value("--variant", variant_, "string", "The variant of the architecture");
}

Result<transfer::EntryOptions> EntryFlags::options() const {
  transfer::EntryOptions out{os_, arch_, variant_, os_version_, os_features_, features_, {}};
  TRY_SET(out.annotations, annotations_of(annotations_));
  return out;
}

void ManifestAddCommand::declare(Flags& flags) {
  flags.flag("--all", all_, "Of an image that is a list: add all its images");
  flags.flag("--artifact", artifact_, "The arguments are files, which become an artifact");
  flags.value("--artifact-config", artifact_config_, "FILE", "The artifact's configuration");
  flags.value("--artifact-config-type", artifact_config_type_, "string", "Media type of the artifact's configuration");
  flags.flag("--artifact-exclude-titles", exclude_titles_, "Do not record the files' names");
  flags.value("--artifact-layer-type", artifact_layer_type_, "string", "Media type of the artifact's files");
  flags.value("--artifact-subject", artifact_subject_, "IMAGE", "The image that the artifact is about");
  flags.value("--artifact-type", artifact_type_, "string", "The artifact's type");
  flags.value("--authfile", authfile_, "string", "File of credentials instead of the usual ones");
  flags.value("--cert-dir", cert_dir_, "string", "Directory of certificates and keys for the registry");
  flags.value("--creds", creds_, "USERNAME:PASSWORD", "Credentials for the registry");
  entry_.declare(flags);
  flags.flag("--insecure", insecure_, "As --tls-verify=false").hidden();
  flags.flag("--tls-verify", tls_verify_, "Require HTTPS and verify certificates");
  flags.arguments(arguments_);
}

Result<int> ManifestAddCommand::run(Context& context) {
  const bool of_artifact = !artifact_config_.empty() || !artifact_config_type_.empty() || exclude_titles_ ||
                           !artifact_layer_type_.empty() || !artifact_subject_.empty() || !artifact_type_.empty();
  if (of_artifact && !artifact_) return fail(Code::kInvalid, "--artifact-… flags need --artifact");
  transfer::AddOptions options;
  TRY_SET(options.entry, entry_.options());
  options.all = all_;
  options.registry.authfile = authfile_;
  options.registry.cert_dir = cert_dir_;
  options.registry.creds = creds_;
  options.registry.tls_verify = verify(tls_verify_, insecure_);
  TRY_SET(engine::Engine engine, engine_inside(context));
  std::string id;
  if (artifact_) {
    TRY_SET(id, transfer::add_artifact(engine, arguments_[0], {arguments_.begin() + 1, arguments_.end()},
                                       {artifact_type_, artifact_config_, artifact_config_type_, artifact_layer_type_,
                                        artifact_subject_, !exclude_titles_, options.entry}));
    return print_id(id);
  }
  for (std::size_t i = 1; i < arguments_.size(); ++i) {
    TRY_SET(id, transfer::add_to_list(engine, arguments_[0], arguments_[i], options));
  }
  return print_id(id);
}

void ManifestAnnotateCommand::declare(Flags& flags) {
  entry_.declare(flags);
  flags.flag("--index", index_, "Annotate the list itself instead of an image in it");
  flags.value("--subject", subject_, "IMAGE", "With --index: the image that the list is about");
  flags.arguments(arguments_);
}

Result<int> ManifestAnnotateCommand::run(Context& context) {
  TRY_SET(const transfer::EntryOptions options, entry_.options());
  if (!subject_.empty() && !index_) return fail(Code::kInvalid, "--subject needs --index");
  if (index_ != (arguments_.size() == 1)) {
    return fail(Code::kInvalid,
                index_ ? "--index takes no image beside the list" : "an image in the list must be named");
  }
  TRY_SET(engine::Engine engine, engine_inside(context));
  std::string id;
  if (index_) {
    TRY_SET(id, transfer::annotate_index(engine, arguments_[0], options.annotations, subject_));
  } else {
    TRY_SET(id, transfer::annotate_entry(engine, arguments_[0], arguments_[1], options));
  }
  return print_id(id);
}

void ManifestRemoveCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> ManifestRemoveCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine_inside(context));
  TRY_SET(const std::string id, transfer::remove_from_list(engine, arguments_[0], arguments_[1]));
  return print_id(id);
}

void ManifestInspectCommand::declare(Flags& flags) {
  flags.value("--authfile", authfile_, "string", "File of credentials instead of the usual ones");
  flags.flag("--insecure", insecure_, "As --tls-verify=false").hidden();
  flags.flag("--tls-verify", tls_verify_, "Require HTTPS and verify certificates");
  flags.flag("-v,--verbose", verbose_, "Accepted for Docker's sake; says no more").hidden();
  flags.arguments(arguments_);
}

Result<int> ManifestInspectCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine_inside(context));
  transfer::RegistryOptions options;
  options.authfile = authfile_;
  options.tls_verify = verify(tls_verify_, insecure_);
  TRY_SET(const std::string text, transfer::manifest_text(engine, arguments_[0], options));
  const auto document = nlohmann::ordered_json::parse(text, nullptr, false);
  if (document.is_discarded()) return fail(Code::kInvalid, arguments_[0] + ": what the registry gave is no manifest");
  std::printf("%s\n", document.dump(4, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  return 0;
}

}  // namespace creel::cmd
