#include "engine/image/transfer/trust.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "base/file.h"
#include "registry/policy/registry_signatures.h"
#include "registry/policy/signature_stores.h"
#include "registry/policy/verdict.h"

namespace creel::engine::transfer {

namespace policy = registry::policy;
namespace archive = registry::archive;

namespace {

// parse_reference() completes tags, and a signature of a whole repository must stay one.
std::optional<policy::Name> parse_name(const std::string& text) {
  const auto reference = parse_reference(text);
  if (!reference.ok()) return std::nullopt;
  policy::Name out{reference->repository(), {}, reference->digest.text()};
  const std::string named = text.substr(0, text.find('@'));
  const std::size_t slash = named.rfind('/');
  if (named.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos) out.tag = reference->tag;
  return out;
}

bool needs_signatures(const policy::Requirements& requirements) {
  using Kind = policy::Requirement::Kind;
  return std::any_of(requirements.begin(), requirements.end(), [](const policy::Requirement& one) {
    return one.kind == Kind::kSignedBy || one.kind == Kind::kSigstoreSigned;
  });
}

class GivenSignatures : public policy::SignatureSource {
 public:
  explicit GivenSignatures(policy::Signatures given) : given_(std::move(given)) {}
  Result<std::vector<std::string>> simple(const Digest&) override { return given_.simple; }
  Result<std::vector<policy::SigstoreSignature>> sigstore(const Digest&) override { return given_.sigstore; }

 private:
  policy::Signatures given_;
};

}  // namespace

Result<Trust> Trust::open(const Engine& engine, const std::string& policy_file) {
  TRY_SET(policy::Policy policy, policy::Policy::load(policy_file));
  return Trust(std::move(policy), engine.rootless());
}

Result<void> Trust::check(const Reference& reference, const registry::ClientOptions& options,
                          const std::vector<Digest>& digests) const {
  // A digest says more than the tag beside it.
  const bool by_digest = !reference.digest.empty();
  const std::string suffix = by_digest ? "@" + reference.digest.text() : ":" + reference.tag;
  const policy::Origin origin = policy::registry_origin(reference.domain, reference.path, suffix);
  const policy::Requirements& requirements = policy_.requirements(origin);
  const policy::Subject subject{
      policy::Name{reference.repository(), by_digest ? "" : reference.tag, reference.digest.text()}, digests,
      "docker://" + reference.repository() + suffix};
  if (!needs_signatures(requirements)) {
    GivenSignatures none({});
    return policy::check(requirements, subject, none, parse_name);
  }
  TRY_SET(const policy::SignatureStores stores, policy::SignatureStores::load(rootless_));
  TRY_SET(const auto client, registry::Client::open(reference.domain, options));
  policy::RegistrySignatures signatures(*client, reference.path, stores, origin);
  return policy::check(requirements, subject, signatures, parse_name);
}

Result<void> Trust::check(const Place& place, const std::vector<Digest>& digests) const {
  policy::Origin origin = policy::file_origin(place.transport, place.path);
  if (place.transport == "docker-archive" || place.transport == "tarball") origin.scopes.clear();
  policy::Subject subject;
  subject.digests = digests;
  subject.text = place.transport + ":" + place.path;
  if (!place.name.empty()) {
    subject.name = parse_name(place.name);
    subject.text += ":" + place.name;
  }
  GivenSignatures signatures(place.signatures);
  return policy::check(policy_.requirements(origin), subject, signatures, parse_name);
}

Gate Trust::gate(Place place) const {
  return [trust = *this, place = std::move(place)](const std::vector<Digest>& digests) {
    return trust.check(place, digests);
  };
}

std::string path_of(int fd) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
  if (size <= 0 || path[0] != '/') return {};
  return {path.data(), static_cast<std::size_t>(size)};
}

std::string real_path(const std::string& path) {
  const auto fd = open_file(path, O_PATH);
  return fd.ok() ? path_of(fd->get()) : std::string();
}

Result<policy::Signatures> signatures_in(const archive::FileSet& directory) {
  policy::Signatures out;
  for (int number = 1; number <= policy::kMostSignatures; ++number) {
    TRY_SET(const auto member, directory.find("signature-" + std::to_string(number)));
    if (!member) break;
    TRY_SET(std::string bytes, archive::read_member_text(*member, policy::kLargestSignature, "signature"));
    // What nobody can read is one more signature that is not good.
    if (!policy::add_blob(bytes, out)) out.simple.push_back(std::move(bytes));
  }
  return out;
}

Result<void> check_leaving(const Engine& engine, const storage::ImageRecord& image, const std::string& policy_file) {
  if (policy_file.empty()) return {};
  TRY_SET(const Trust trust, Trust::open(engine, policy_file));
  return trust.check(Trust::Place{"containers-storage", {}, {}, {}}, {image.manifest});
}

}  // namespace creel::engine::transfer
