// containers-registries.conf(5), version 2: which hosts serve a repository, and which may be spoken to without TLS.
// Immutable after load(). Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::registry {

// Where a repository can be fetched from.
struct Endpoint {
  std::string domain, path;  // of the host that is asked
  bool insecure = false;     // no verification, plain HTTP as fallback
};

class RegistriesConf {
 public:
  // $CONTAINERS_REGISTRIES_CONF, else the user's registries.conf, else /etc/containers/registries.conf; then the
  // drop-ins of registries.conf.d (the user's alone beside the user's file). Absent files are no error; kInvalid names
  // file and line.
  static Result<RegistriesConf> load();
  // These files alone, later ones override.
  static Result<RegistriesConf> load(const std::vector<std::string>& files);

  // For "domain/path", in the order in which they are to be tried: mirrors, then the place itself. `by_digest`: whether
  // it is asked for by digest (some mirrors are for that alone, some for tags). kDenied where the registry is blocked.
  [[nodiscard]] Result<std::vector<Endpoint>> endpoints(const std::string& domain, const std::string& path,
                                                        bool by_digest) const;
  // Where short names are looked for.
  [[nodiscard]] const std::vector<std::string>& unqualified_search_registries() const { return search_; }

 private:
  struct Mirror {
    std::string location;
    bool insecure = false, for_tags = true, for_digests = true;
  };
  struct Entry {
    std::string prefix, location;
    bool insecure = false, blocked = false;
    std::vector<Mirror> mirrors;
  };
  Result<void> add(const std::string& file);

  std::vector<Entry> entries_;
  std::vector<std::string> search_;
};

}  // namespace creel::registry
