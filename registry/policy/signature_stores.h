// containers-registries.d(5): where the signatures of a registry's images are kept. Immutable; thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "registry/policy/policy.h"

namespace creel::registry::policy {

class SignatureStores {
 public:
  // The user's registries.d, where it exists, else /etc/containers/registries.d. `rootless` decides on the directory
  // that serves where nothing is configured. kInvalid names the file.
  static Result<SignatureStores> load(bool rootless);
  // The files of this directory alone; `fallback`: the URL where nothing is configured.
  static Result<SignatureStores> load(const std::string& dir, const std::string& fallback);

  // URL of the lookaside storage for an image, "file://…" or "https://…", without the image's own part.
  [[nodiscard]] std::string reading(const Origin& origin) const { return found(origin, &Section::lookaside); }
  // The same for writing: the staging place where there is one.
  [[nodiscard]] std::string writing(const Origin& origin) const;
  // Whether signatures lie in the registry itself, as images named "sha256-….sig".
  [[nodiscard]] bool attachments(const Origin& origin) const;

 private:
  struct Section {
    std::string lookaside, staging;
    std::optional<bool> attachments;
  };
  Result<void> add(const std::string& file);
  [[nodiscard]] std::string found(const Origin& origin, std::string Section::*member) const;

  std::optional<Section> default_;
  std::map<std::string, Section> sections_;
  std::string fallback_;
};

}  // namespace creel::registry::policy
