// The index.json of an OCI layout: which images are in it and what they are called. Members that we do not know are
// kept. Pure data. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/oci/manifest.h"

namespace creel::registry::archive {

class LayoutIndex {
 public:
  struct Entry {
    oci::Descriptor descriptor;
    // As written, hostile: org.opencontainers.image.ref.name, and Docker's and containerd's io.containerd.image.name,
    // which is the fuller one and comes first.
    std::vector<std::string> names;
  };

  LayoutIndex();  // an empty one
  ~LayoutIndex();
  LayoutIndex(LayoutIndex&&) noexcept;
  LayoutIndex& operator=(LayoutIndex&&) noexcept;
  // kInvalid says what is malformed; more than 1000 images are.
  static Result<LayoutIndex> parse(std::string_view text);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // "" is the only image there is; "@N" the N-th, from 0; else what has that name. kNotFound and kInvalid (several
  // without a name that chooses) list the names there are.
  [[nodiscard]] Result<oci::Descriptor> find(const std::string& reference) const;
  // The image of that name from now on: another one loses the name and stays. Without a name: once, beside the others.
  void add(const oci::Descriptor& manifest, const std::string& name);
  [[nodiscard]] std::string text() const;

 private:
  struct Document;
  void read_entries();
  std::unique_ptr<Document> document_;
  std::vector<Entry> entries_;
};

}  // namespace creel::registry::archive
