// An image that was pulled by two names may have come with two manifests of the same configuration: its record has the
// later one, and here is that of the other name, so that each is pushed and saved as it was pulled. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "storage/paths.h"

namespace creel::storage {

using NameManifests = std::map<std::string, Digest>;

// nullopt: that of the image's record.
Result<std::optional<Digest>> manifest_of_name(const Paths& paths, const std::string& name);
// Both are names of the same image; `to` is new. Durable when it returns.
Result<void> copy_name_manifest(const Paths& paths, const std::string& from, const std::string& to);

// In a transaction of the caller. The names of image `id` keep what its record says now.
class Database;
Result<void> keep_manifests(Database& db, const std::string& id, const std::vector<std::string>& names);
Result<void> forget_manifest(Database& db, const std::string& name);
// Of all names of image `id` that have one.
Result<NameManifests> manifests_of_names(Database& db, const std::string& id);
// For a database that is made anew.
Result<void> insert_manifest(Database& db, const std::string& name, const Digest& manifest);

}  // namespace creel::storage
