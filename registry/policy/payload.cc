#include "registry/policy/payload.h"

#include <nlohmann/json.hpp>

#include "registry/oci/json.h"

namespace creel::registry::policy {

namespace {

using nlohmann::json;

const char* type_of(PayloadKind kind) {
  return kind == PayloadKind::kSimple ? "atomic container signature" : "cosign container image signature";
}

// Whether `object` is one with exactly these members.
bool has_exactly(const json* object, std::initializer_list<const char*> keys) {
  if (object == nullptr || !object->is_object() || object->size() != keys.size()) return false;
  for (const char* key : keys) {
    if (!object->contains(key)) return false;
  }
  return true;
}

// Members with other names may be there; those that are known must have their type.
bool is_optional_part(const json& value, PayloadKind kind) {
  if (value.is_null()) return kind == PayloadKind::kSigstore;
  if (!value.is_object()) return false;
  const json* creator = oci::member(value, "creator");
  const json* timestamp = oci::member(value, "timestamp");
  if (creator != nullptr && !creator->is_string()) return false;
  if (timestamp == nullptr) return true;
  if (timestamp->is_number_integer()) return true;
  constexpr double kLargest = 9.2e18;
  if (!timestamp->is_number_float()) return false;
  const double seconds = timestamp->get<double>();
  return seconds > -kLargest && seconds < kLargest &&
         static_cast<double>(static_cast<std::int64_t>(seconds)) == seconds;
}

}  // namespace

Result<Payload> parse_payload(std::string_view text, PayloadKind kind) {
  const auto bad = [](const char* why) { return fail(Code::kInvalid, std::string("invalid signature: ") + why); };
  const json document = oci::parse_strict_json(text);
  if (document.is_discarded()) return bad("its payload is no JSON, or has a member twice");
  if (!has_exactly(&document, {"critical", "optional"})) return bad("its payload has not exactly two members");
  if (!is_optional_part(document["optional"], kind)) return bad("its optional part is malformed");
  const json& critical = document["critical"];
  if (!has_exactly(&critical, {"type", "image", "identity"})) return bad("its critical part has other members");
  if (oci::string_member(critical, "type") != type_of(kind)) return bad("it is of another type");
  const json *image = oci::member(critical, "image"), *identity = oci::member(critical, "identity");
  if (!has_exactly(image, {"docker-manifest-digest"})) return bad("its image is malformed");
  if (!has_exactly(identity, {"docker-reference"})) return bad("its identity is malformed");
  auto digest = Digest::parse(oci::string_member(*image, "docker-manifest-digest"));
  if (!digest) return bad("its docker-manifest-digest is no digest");
  Payload out{std::move(*digest), oci::string_member(*identity, "docker-reference")};
  if (out.reference.empty()) return bad("its docker-reference is empty");
  return out;
}

std::string make_payload(const Payload& payload, PayloadKind kind, std::int64_t now) {
  const json document = {
      {"critical",
       {{"type", type_of(kind)},
        {"image", {{"docker-manifest-digest", payload.manifest.text()}}},
        {"identity", {{"docker-reference", payload.reference}}}}},
      {"optional", {{"creator", "creel " CREEL_VERSION}, {"timestamp", now}}},
  };
  return document.dump();
}

}  // namespace creel::registry::policy
