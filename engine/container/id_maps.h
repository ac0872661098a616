// The IDs of a container with a user namespace of its own: the syntax of --uidmap, and the choice of free ranges for
// --userns=auto. Pure: numbers and text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/runtime/spec.h"
#include "rootless/userns.h"

namespace creel::engine {

using IdMap = std::vector<runtime::IdMapping>;  // host_id: of the engine's user namespace, or of the host as root

struct IdSpan {
  std::uint64_t first = 0, count = 0;
};

// "0:1:1000"; "container:host" is one ID; "@1000" is an ID of the host, translated by `outer` (the engine's own map; empty:
// as it is); flags before the first number: "+" puts it over the identity of all `total` IDs, "u" and "g" say which of
// the two maps is meant. kInvalid.
struct GivenMap {
  IdMap map;
  bool over_identity = false, users = false, groups = false;
};
Result<GivenMap> parse_id_map(const std::string& text, const std::vector<rootless::IdRange>& outer);

// The lines, in order of their container IDs. kInvalid: two that overlap, one that leaves 0 … total-1 (0: any ID).
Result<IdMap> join_maps(const std::vector<GivenMap>& given, std::uint64_t total);

// `size` container IDs from 0 on `free` of the engine's, first fit; `forced` are mapped as they say.
// kUnavailable where there are too few.
Result<IdMap> allocate_map(std::uint64_t size, const IdMap& forced, std::vector<IdSpan> free);
// `ranges` without `taken`.
std::vector<IdSpan> subtract(const std::vector<IdSpan>& ranges, const IdSpan& taken);

std::vector<std::string> to_text(const IdMap& map);
// What to_text() has written.
IdMap from_text(const std::vector<std::string>& lines);

}  // namespace creel::engine
