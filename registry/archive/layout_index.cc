#include "registry/archive/layout_index.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "registry/oci/json.h"

namespace creel::registry::archive {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaxImages = 1000;
constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr const char* kContainerdName = "io.containerd.image.name";

std::vector<std::string> names_of(const oci::Descriptor& entry) {
  std::vector<std::string> out;
  for (const char* key : {kContainerdName, kRefName}) {
    const auto found = entry.annotations.find(key);
    if (found != entry.annotations.end() && !found->second.empty()) out.push_back(found->second);
  }
  return out;
}

bool has_name(const LayoutIndex::Entry& entry, const std::string& name) {
  return std::find(entry.names.begin(), entry.names.end(), name) != entry.names.end();
}

}  // namespace

struct LayoutIndex::Document {
  ordered_json json;
};

LayoutIndex::LayoutIndex() : document_(std::make_unique<Document>()) {
  document_->json = {{"schemaVersion", 2}, {"mediaType", oci::kOciIndex}, {"manifests", ordered_json::array()}};
}
LayoutIndex::~LayoutIndex() = default;
LayoutIndex::LayoutIndex(LayoutIndex&&) noexcept = default;
LayoutIndex& LayoutIndex::operator=(LayoutIndex&&) noexcept = default;

Result<LayoutIndex> LayoutIndex::parse(std::string_view text) {
  auto index = oci::parse_index(text, oci::kOciIndex);
  if (!index.ok()) return std::move(index).error().within("index.json");
  if (index->manifests.size() > kMaxImages) return fail(Code::kInvalid, "index.json: it has more than 1000 images");
  LayoutIndex out;
  for (oci::Descriptor& entry : index->manifests) {
    std::vector<std::string> names = names_of(entry);
    out.entries_.push_back({std::move(entry), std::move(names)});
  }
  // Valid: parse_index has read it.
  out.document_->json = ordered_json::parse(text, nullptr, false);
  return out;
}

Result<oci::Descriptor> LayoutIndex::find(const std::string& reference) const {
  std::vector<std::string> known;
  for (const Entry& entry : entries_) {
    if (!reference.empty() && has_name(entry, reference)) return entry.descriptor;
    if (!entry.names.empty() && known.size() < 30) known.push_back(oci::printable(entry.names.front(), 100));
  }
  const std::string there = known.empty() ? "none has a name" : "there is " + join(known, ", ");
  if (entries_.empty()) return fail(Code::kNotFound, "there is no image in it");
  if (reference.starts_with('@')) {
    TRY_SET(const std::int64_t number, parse_int(reference.substr(1), "number of an image"));
    if (number < std::ssize(entries_)) return entries_[static_cast<std::size_t>(number)].descriptor;
    return fail(Code::kNotFound, "there is no image " + reference + ": it has " + std::to_string(entries_.size()));
  }
  if (!reference.empty()) return fail(Code::kNotFound, "no image is called " + reference + ": " + there);
  if (entries_.size() == 1) return entries_.front().descriptor;
  return fail(Code::kInvalid, "it has " + std::to_string(entries_.size()) + " images: " + there)
      .with_hint("append :NAME, or :@0 for the first one");
}

void LayoutIndex::add(const oci::Descriptor& manifest, const std::string& name) {
  ordered_json& list = document_->json["manifests"];
  ordered_json entry = {
      {"mediaType", manifest.media_type}, {"digest", manifest.digest.text()}, {"size", manifest.size}};
  if (!name.empty()) entry["annotations"] = {{kRefName, name}};
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto& annotations = list[i]["annotations"];
    if (annotations.is_object() && !name.empty() && entries_[i].descriptor.annotations.contains(kRefName) &&
        entries_[i].descriptor.annotations.at(kRefName) == name) {
      annotations.erase(kRefName);
    }
    if (annotations.is_null() || annotations.empty()) list[i].erase("annotations");
  }
  for (std::size_t i = list.size(); i-- > 0;) {
    const bool same = entries_[i].descriptor.digest == manifest.digest && !list[i].contains("annotations");
    if (same) list.erase(i);
  }
  // What it is called elsewhere says nothing new.
  const bool named = std::any_of(list.begin(), list.end(), [&](const ordered_json& one) {
    return name.empty() && one.value("digest", "") == manifest.digest.text();
  });
  if (!named) list.push_back(std::move(entry));
  auto again = parse(text());
  if (again.ok()) entries_ = std::move(again->entries_);
}

std::string LayoutIndex::text() const {
  return document_->json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace creel::registry::archive
