// containers-registries.conf(5): which hosts serve a repository, which may be spoken to without TLS, and what names
// without a registry mean. Version 2 of the format, and version 1 in the main file. Immutable after load().
// Thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/registries_file.h"

namespace creel::registry {

// Where a repository can be fetched from.
struct Endpoint {
  std::string domain, path;  // of the host that is asked
  bool insecure = false;     // no verification, plain HTTP as fallback
};

class RegistriesConf {
 public:
  using Alias = RegistriesSettings::Alias;

  // $CONTAINERS_REGISTRIES_CONF, else the user's registries.conf, else /etc/containers/registries.conf; then the
  // drop-ins of registries.conf.d (the user's alone beside the user's file). Absent files are no error, but for the one
  // that the variable names; kInvalid names file and line, or file and key.
  static Result<RegistriesConf> load();
  // These files alone, later ones override.
  static Result<RegistriesConf> load(const std::vector<std::string>& files);

  // For "domain/path", in the order in which they are to be tried: mirrors, then the place itself. `by_digest`: whether
  // it is asked for by digest (some mirrors are for that alone, some for tags). kDenied where the registry is blocked.
  [[nodiscard]] Result<std::vector<Endpoint>> endpoints(const std::string& domain, const std::string& path,
                                                        bool by_digest) const;
  // kDenied where "domain/path", with its tag or digest, is blocked.
  [[nodiscard]] Result<void> check_blocked(const std::string& reference) const;

  // Where short names are looked for, and the file that says so; no file: nobody has said anything.
  [[nodiscard]] const std::vector<std::string>& unqualified_search_registries() const { return settings_.search; }
  [[nodiscard]] const std::string& search_file() const { return settings_.search_file; }
  [[nodiscard]] const std::map<std::string, Alias>& aliases() const { return settings_.aliases; }
  [[nodiscard]] ShortNameMode short_name_mode() const { return settings_.mode; }
  // Programs to ask for credentials, in order; "containers-auth.json" stands for the usual files. Empty: not set.
  [[nodiscard]] const std::vector<std::string>& credential_helpers() const { return settings_.credential_helpers; }

 private:
  [[nodiscard]] const RegistriesSettings::Entry* best(const std::string& reference, std::size_t& covered) const;

  RegistriesSettings settings_;
};

}  // namespace creel::registry
