// Names of images as signatures and policies write them: containers-signature(5), docker-reference. Pure data.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "registry/policy/policy.h"

namespace creel::registry::policy {

struct Name {
  std::string repository;   // "docker.io/library/busybox"
  std::string tag, digest;  // "latest", "sha256:…"; both empty: it names a repository alone
  [[nodiscard]] std::string text() const;
};

// Completes a reference as Docker does ("busybox" -> docker.io/library/busybox) and adds no tag; nullopt: malformed.
// The engine's, for that owns the grammar.
using ParseName = std::function<std::optional<Name>(const std::string& text)>;

// Whether the name `signed_as` in a signature speaks for the image called `image` (nullopt: it comes from a place
// without names). What a digest says is checked by who checks the manifest.
bool matches(const IdentityRule& rule, const std::optional<Name>& image, const std::string& signed_as,
             const ParseName& parse);

}  // namespace creel::registry::policy
