#include "registry/policy/signature_stores.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/file.h"
#include "registry/config_paths.h"

namespace creel::registry::policy {

namespace {

constexpr const char* kSystemDir = "/etc/containers/registries.d";

// "sigstore" was once the name of lookaside storage, long before cosign.
std::string text_of(const YAML::Node& section, const char* name, const char* old_name) {
  for (const char* key : {name, old_name}) {
    if (const YAML::Node value = section[key]; value && !value.IsNull()) return value.as<std::string>();
  }
  return {};
}

}  // namespace

Result<SignatureStores> SignatureStores::load(bool rootless) {
  std::string fallback = "file:///var/lib/containers/sigstore";
  if (rootless) {
    const std::string home = environment("HOME");
    fallback = home.empty() ? std::string() : "file://" + home + "/.local/share/containers/sigstore";
  }
  const std::string own = user_config("registries.d");
  return load(!own.empty() && path_exists(own) ? own : kSystemDir, fallback);
}

Result<SignatureStores> SignatureStores::load(const std::string& dir, const std::string& fallback) {
  SignatureStores out;
  out.fallback_ = fallback;
  auto names = list_dir(dir);
  if (!names) {
    const int err = names.error().err;
    if (err == ENOENT || err == ENOTDIR) return out;
    return std::move(names).error();
  }
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    if (name.ends_with(".yaml")) TRY(out.add(dir + "/" + name));
  }
  return out;
}

Result<void> SignatureStores::add(const std::string& file) {
  TRY_SET(const std::string text, read_file(file, 4 << 20));
  // yaml-cpp tells by exceptions alone.
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return {};
    const auto map = [&](const YAML::Node& node) {
      if (!node.IsMap()) throw YAML::RepresentationException(node.Mark(), "a mapping is expected");
    };
    map(root);
    const auto section = [&](const YAML::Node& node) {
      map(node);
      Section out;
      out.lookaside = text_of(node, "lookaside", "sigstore");
      out.staging = text_of(node, "lookaside-staging", "sigstore-staging");
      if (const YAML::Node value = node["use-sigstore-attachments"]; value) out.attachments = value.as<bool>();
      return out;
    };
    if (const YAML::Node node = root["default-docker"]; node) {
      if (default_) return fail(Code::kInvalid, file + ": default-docker is defined in another file too");
      default_ = section(node);
    }
    if (const YAML::Node docker = root["docker"]; docker && !docker.IsNull()) {
      map(docker);
      for (const auto& entry : docker) {
        const auto scope = entry.first.as<std::string>();
        if (!sections_.emplace(scope, section(entry.second)).second)
          return fail(Code::kInvalid, file + ": " + scope + " is defined twice, here or in another file");
      }
    }
  } catch (const YAML::Exception& error) {
    std::string where = file;
    if (!error.mark.is_null()) where += ": line " + std::to_string(error.mark.line + 1);
    return fail(Code::kInvalid, where + ": " + error.msg);
  }
  return {};
}

std::string SignatureStores::found(const Origin& origin, std::string Section::*member) const {
  for (const std::string& scope : origin.scopes) {
    const auto section = sections_.find(scope);
    if (section != sections_.end() && !(section->second.*member).empty()) return section->second.*member;
  }
  if (default_ && !((*default_).*member).empty()) return (*default_).*member;
  return member == &Section::staging ? std::string() : fallback_;
}

std::string SignatureStores::writing(const Origin& origin) const {
  // The staging place of the same section goes before its lookaside.
  for (const std::string& scope : origin.scopes) {
    const auto section = sections_.find(scope);
    if (section == sections_.end()) continue;
    if (!section->second.staging.empty()) return section->second.staging;
    if (!section->second.lookaside.empty()) return section->second.lookaside;
  }
  if (default_ && !default_->staging.empty()) return default_->staging;
  return found({}, &Section::lookaside);
}

bool SignatureStores::attachments(const Origin& origin) const {
  for (const std::string& scope : origin.scopes) {
    const auto section = sections_.find(scope);
    if (section != sections_.end() && section->second.attachments) return *section->second.attachments;
  }
  return default_ && default_->attachments.value_or(false);
}

}  // namespace creel::registry::policy
