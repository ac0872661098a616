// Declaring a command's flags once: for parsing, help, completions, manual pages and the refusal of what is known but
// not built. The scanner is our own: users' fingers know pflag's rules (-it, -p8080:80, --flag=false, everything after
// the first positional argument belongs to the container) and scripts match its texts; no general parser speaks them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace creel::cmd {

struct FlagInfo {
  std::string names;        // "-v,--volume,--vol"
  std::string placeholder;  // "" for booleans
  std::string help;
  bool boolean = false;
  bool hidden = false;
  std::vector<std::string> choices;  // for completion
  std::string fallback;              // what holds when the flag is not given, as help shows it: "missing"; "" for none
};

class Flags {
 public:
  Flags();
  ~Flags();
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  // `names`: "-d,--detach". Booleans take --x, --x=true, --x=false.
  Flags& flag(std::string_view names, bool& target, std::string_view help);
  Flags& flag(std::string_view names, std::optional<bool>& target, std::string_view help);
  Flags& value(std::string_view names, std::string& target, std::string_view placeholder, std::string_view help);
  Flags& value(std::string_view names, std::optional<std::string>& target, std::string_view placeholder,
               std::string_view help);
  Flags& integer(std::string_view names, std::int64_t& target, std::string_view placeholder, std::string_view help);
  Flags& list(std::string_view names, std::vector<std::string>& target, std::string_view placeholder,
              std::string_view help);
  // The last flag declared: completion's choices; not shown in help.
  Flags& choices(std::vector<std::string> values);
  Flags& hidden();
  // The last flag declared, a list: each value also splits at commas ("a,b"; double quotes protect a comma).
  Flags& csv();
  // The last flag declared may stand without a value and then means this one; a value must come as --flag=value.
  Flags& implied(std::string value);
  // Positional arguments go here, in order. `passthrough`: from the first positional on, nothing is a flag (run, exec).
  Flags& arguments(std::vector<std::string>& target, bool passthrough = false);

  // Another program than creel: named in hints, and nothing that creel lacks is refused by name.
  Flags& program(std::string name);

  // kInvalid: "unknown flag: --foo" (+ did-you-mean as hint), "unknown shorthand flag: 'x' in -x", "flag needs an
  // argument: …", kUnsupported: "--foo is not built yet" for flags that cmd/unbuilt.h knows.
  Result<void> parse(const std::vector<std::string>& args, std::string_view command_path);
  // "detach" or "--detach": was it on the command line, under any of its names?
  [[nodiscard]] bool given(std::string_view long_name) const;
  [[nodiscard]] bool help_requested() const;
  [[nodiscard]] std::size_t argument_count() const;
  [[nodiscard]] const std::vector<FlagInfo>& infos() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::cmd
