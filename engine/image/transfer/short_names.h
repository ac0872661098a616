// What a name without a registry means: containers-registries.conf(5), "Short-Name Aliasing". One thread.
//
// Where no file says anything of unqualified-search-registries, it is an image of docker.io, as Docker's users expect;
// an empty list there refuses such names.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/image.h"
#include "registry/registries_conf.h"

namespace creel::engine::transfer {

struct Meaning {
  std::vector<std::string> candidates;  // full references, in the order in which they are to be tried; never empty
  std::string how;                      // for people: "Resolved "x" as an alias (FILE)"; empty: nothing to say
  std::string short_name;               // without tag and digest
  bool ask = false;                     // more than one, and somebody who sits at the terminal shall choose
  bool must_ask = false;                // and it is an error where nobody does
};

// `given` with a registry or a transport comes back as it is. kInvalid: a malformed name or alias, or a short name that
// nothing explains.
Result<Meaning> meaning_of(Engine& engine, const std::string& given);
// The same, with these settings and this file of remembered aliases.
Result<Meaning> meaning_of(const registry::RegistriesConf& conf, const std::string& alias_file,
                           const std::string& given);

// Remembers that `short_name` is the repository of `chosen`, for all engines that read the same file.
Result<void> remember_alias(Engine& engine, const std::string& short_name, const std::string& chosen);
Result<void> remember_alias(const std::string& alias_file, const std::string& short_name, const std::string& chosen);

// Several failed attempts as one error: the only one itself, else a list.
Error combined(std::vector<Error> errors, const std::string& doing);

}  // namespace creel::engine::transfer
