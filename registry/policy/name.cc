#include "registry/policy/name.h"

namespace creel::registry::policy {

namespace {

bool names_repository_alone(const Name& name) {
  return name.tag.empty() && name.digest.empty();
}

// An image with a tag must be signed by that tag; one by digest, by any tag of its repository.
bool repo_digest_or_exact(const Name& image, const Name& signed_as) {
  if (names_repository_alone(signed_as) || names_repository_alone(image)) return false;
  return image.tag.empty() ? image.repository == signed_as.repository : image.text() == signed_as.text();
}

// The image under the name that its signers know it by.
std::optional<Name> remapped(const IdentityRule& rule, Name image, const ParseName& parse) {
  const std::string& prefix = rule.value;
  const bool covered = image.repository == prefix || image.repository.starts_with(prefix + "/");
  if (!covered) return image;
  image.repository.replace(0, prefix.size(), rule.signed_prefix);
  return parse(image.text());
}

}  // namespace

std::string Name::text() const {
  return repository + (tag.empty() ? "" : ":" + tag) + (digest.empty() ? "" : "@" + digest);
}

bool matches(const IdentityRule& rule, const std::optional<Name>& image, const std::string& signed_as,
             const ParseName& parse) {
  using Kind = IdentityRule::Kind;
  const std::optional<Name> claimed = parse(signed_as);
  if (!claimed) return false;
  if (rule.kind == Kind::kExactReference || rule.kind == Kind::kExactRepository) {
    const std::optional<Name> wanted = parse(rule.value);
    if (!wanted) return false;
    if (rule.kind == Kind::kExactRepository) return wanted->repository == claimed->repository;
    return !names_repository_alone(*wanted) && wanted->text() == claimed->text();
  }
  if (!image) return false;
  switch (rule.kind) {
    case Kind::kMatchExact:
      return !names_repository_alone(*image) && image->text() == claimed->text();
    case Kind::kMatchRepository:
      return image->repository == claimed->repository;
    case Kind::kRemapIdentity: {
      const std::optional<Name> known = remapped(rule, *image, parse);
      return known && repo_digest_or_exact(*known, *claimed);
    }
    default:
      return repo_digest_or_exact(*image, *claimed);
  }
}

}  // namespace creel::registry::policy
