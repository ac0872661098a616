// WWW-Authenticate (RFC 9110, 11.6.1): what a registry wants to see before it answers. Pure data. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace creel::registry {

struct Challenge {
  std::string scheme;                             // lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters;  // names in lower case: "realm", "service", "scope"
};

// One header may hold several challenges; quoted strings may hold commas. What is malformed is passed over.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace creel::registry
