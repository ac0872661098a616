#include "registry/policy/registry_signatures.h"

#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "registry/answer_error.h"
#include "registry/http.h"
#include "registry/oci/json.h"
#include "registry/policy/signature_blob.h"

namespace creel::registry::policy {

namespace {

// nullopt: there is none.
Result<std::optional<std::string>> fetch(const std::string& url) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    TRY_SET(const std::string file, file_of_url(url));
    auto bytes = read_file(file, static_cast<std::size_t>(kLargestSignature));
    if (bytes) return std::optional(std::move(*bytes));
    if (bytes.error().err == ENOENT || bytes.error().err == ENOTDIR) return std::optional<std::string>();
    return std::move(bytes).error().within("reading a signature");
  }
  Http http(HttpSettings{});
  HttpRequest request;
  request.url = url;
  request.body_limit = static_cast<std::size_t>(kLargestSignature);
  HttpAnswer answer = http.perform(request);
  const std::string what = "reading a signature from " + oci::printable(url);
  if (answer.kind != HttpAnswer::Kind::kAnswered) return std::move(answer.error).within(what);
  if (answer.head.status == 404) return std::optional<std::string>();
  if (answer.head.status != 200) return answer_error(answer).within(what);
  return std::optional(std::move(answer.body));
}

}  // namespace

std::string lookaside_url(const std::string& base, const std::string& path, const Digest& manifest, int number) {
  std::string out = base;
  while (out.ends_with('/')) out.pop_back();
  return out + "/" + path + "@sha256=" + manifest.hex() + "/signature-" + std::to_string(number);
}

Result<std::string> file_of_url(const std::string& url) {
  constexpr std::string_view kFile = "file://";
  if (url.starts_with(kFile) && url.size() > kFile.size() && url[kFile.size()] == '/') return url.substr(kFile.size());
  return fail(Code::kUnsupported, "signature storage " + oci::printable(url) + ": it is neither file:// nor https://");
}

std::string attachment_tag(const Digest& manifest) {
  return "sha256-" + manifest.hex() + ".sig";
}

Result<std::vector<std::string>> RegistrySignatures::simple(const Digest& manifest) {
  Signatures out;
  const std::string base = stores_.reading(origin_);
  if (base.empty()) return out.simple;
  for (int number = 1; number <= kMostSignatures; ++number) {
    TRY_SET(auto bytes, fetch(lookaside_url(base, path_, manifest, number)));
    if (!bytes) break;
    // What nobody can read is one more signature that is not good.
    if (!add_blob(*bytes, out)) out.simple.push_back(std::move(*bytes));
  }
  return out.simple;
}

Result<std::vector<SigstoreSignature>> RegistrySignatures::sigstore(const Digest& manifest) {
  std::vector<SigstoreSignature> out;
  if (!stores_.attachments(origin_)) return out;
  auto fetched = client_.manifest(path_, attachment_tag(manifest));
  if (!fetched) {
    if (fetched.error().code == Code::kNotFound) return out;
    return std::move(fetched).error();
  }
  const auto document = oci::parse_strict_json(fetched->text);
  const auto* layers = oci::member(document, "layers");
  if (layers == nullptr || !layers->is_array())
    return fail(Code::kInvalid, "the signatures of " + manifest.text() + " are no image manifest");
  for (const auto& layer : *layers) {
    if (std::ssize(out) >= kMostSignatures) break;
    if (oci::string_member(layer, "mediaType") != kSigstoreLayer) continue;
    oci::Descriptor blob;
    auto digest = Digest::parse(oci::string_member(layer, "digest"));
    const auto size = oci::int_member(layer, "size");
    if (!digest || !size || *size < 0 || *size > kLargestSignature)
      return fail(Code::kInvalid, "a signature of " + manifest.text() + " has a malformed descriptor");
    blob.digest = std::move(*digest);
    blob.size = *size;
    std::string payload;
    TRY(client_.blob(path_, blob, [&](std::string_view bytes) -> Result<void> {
      payload.append(bytes);
      return {};
    }));
    out.push_back(with_annotations(std::move(payload), oci::member(layer, "annotations")));
  }
  return out;
}

}  // namespace creel::registry::policy
