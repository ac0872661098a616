// The document of a manifest list: read, written, and what is refused.
#include "engine/image/transfer/manifest_list.h"

#include <doctest/doctest.h>

using namespace creel;
using namespace creel::engine::transfer;
namespace oci = creel::registry::oci;

namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

ListEntry entry(const char* type) {
  ListEntry out;
  out.descriptor.media_type = type;
  out.descriptor.digest = Digest::parse(kDigest).value();
  out.descriptor.size = 405;
  out.descriptor.platform = oci::Platform{"linux", "arm64", "v8"};
  return out;
}

}  // namespace

TEST_CASE("a list is an OCI index, or Docker's where all in it is Docker's") {
  ManifestList list;
  CHECK(list.media_type() == oci::kOciIndex);
  CHECK(list.text() == R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})");
  list.entries = {entry(oci::kDockerManifest)};
  CHECK(list.media_type() == oci::kDockerList);
  list.annotations["a"] = "b";
  CHECK(list.media_type() == oci::kOciIndex);
  CHECK(list.text_as(oci::kDockerList).error().code == Code::kInvalid);
  list.annotations.clear();
  list.entries.push_back(entry(oci::kOciManifest));
  CHECK(list.media_type() == oci::kOciIndex);
}

TEST_CASE("what was written is read") {
  ManifestList list;
  list.entries = {entry(oci::kOciManifest)};
  list.entries[0].os_version = "5";
  list.entries[0].os_features = {"f"};
  list.entries[0].artifact_type = "text/note";
  list.entries[0].descriptor.annotations["k"] = "v";
  list.annotations["a"] = "b";
  list.subject = entry(oci::kOciManifest).descriptor;
  const std::string text = list.text();
  auto read = parse_manifest_list(text);
  REQUIRE(read.ok());
  CHECK(read->text() == text);
  CHECK(read->entries[0].descriptor.platform->variant == "v8");
}

TEST_CASE("malformed lists are refused") {
  for (const std::string& text : {std::string("[]"), std::string("{"), std::string(R"({"manifests":{}})"),
                                 std::string(R"({"manifests":[{"digest":"sha256:../../x"}]})"),
                                 R"({"manifests":[{"digest":")" + kDigest + R"(","size":-1}]})"}) {
    CHECK_MESSAGE(parse_manifest_list(text).error().code == Code::kInvalid, text);
  }
}
