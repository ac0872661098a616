// What users and registries write as text: references, challenges, hosts, proxies.
#include "base/text.h"
#include "engine/image/image.h"
#include "engine/image/name_match.h"
#include "engine/image/transfer/naming.h"
#include "engine/image/transfer/short_names.h"
#include "registry/answer_error.h"
#include "registry/challenge.h"
#include "registry/encoding.h"
#include "registry/host.h"
#include "registry/location.h"
#include "registry/proxy.h"
#include "targets.h"

namespace creel::fuzz {

void fuzz_reference(const std::string& input) {
  for (auto parse : {engine::parse_reference, engine::transfer::parse_local_reference}) {
    const auto reference = parse(input);
    if (!reference.ok()) continue;
    // What is complete means itself.
    const auto again = engine::parse_reference(reference->text());
    must(again.ok() && again->text() == reference->text(), "a completed reference means another");
    must(reference->path.find("..") == std::string::npos && reference->path.find('\n') == std::string::npos,
         "a path climbs");
    must(registry::check_host(reference->domain).ok() || reference->domain.size() > 200, "a domain is no host");
  }
  const Cut parts = cut(input, '\n');
  (void)engine::ends_as(parts.before, parts.after);
  (void)engine::transfer::meaning_of(registry::RegistriesConf(), "/nonexistent/aliases", input);
  (void)registry::is_exempt(parts.before, parts.after);
  (void)registry::is_loopback(input);
}

void fuzz_location(const std::string& input) {
  const auto location = registry::parse_location(input);
  if (!location.ok()) return;
  const auto again = registry::parse_location(location->text());
  must(again.ok() && again->text() == location->text(), "a location that is written means another");
  must(location->transport == registry::Transport::kRegistry || !location->path.empty() ||
           location->transport == registry::Transport::kContainersStorage,
       "a file without a name");
}

void fuzz_challenge(const std::string& input) {
  for (const auto& challenge : registry::parse_challenges(input)) must(!challenge.scheme.empty(), "a nameless scheme");
  (void)registry::registry_words(input);
  if (const auto bytes = registry::base64_decode(input)) {
    const auto again = registry::base64_decode(registry::base64_encode(*bytes));
    must(again == bytes, "base64 there and back differs");
  }
  must(registry::percent_encode(input).find('\n') == std::string::npos, "a line feed in a URL");
}

}  // namespace creel::fuzz
