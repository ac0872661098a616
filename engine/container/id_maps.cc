#include "engine/container/id_maps.h"

#include <algorithm>

#include "base/text.h"

namespace creel::engine {

namespace {

constexpr std::int64_t kIds = std::int64_t{1} << 32;

// The text of Podman's error, which scripts may look for.
Error malformed(const std::string& text) {
  return fail(Code::kInvalid, "initializing ID mappings: \"" + text + "\" is malformed, expected CONTAINER:HOST:SIZE");
}

Result<std::int64_t> number(const std::string& word, const std::string& text, std::int64_t least) {
  auto parsed = parse_int(word, "ID");
  if (!parsed.ok() || *parsed < least || *parsed >= kIds) return malformed(text);
  return *parsed;
}

// Takes [first, first+count) of container or of host IDs out of `map`, whose lines are cut where need be.
void cut_out(IdMap& map, std::uint64_t first, std::uint64_t count, bool container) {
  IdMap out;
  for (const runtime::IdMapping& line : map) {
    const std::uint64_t from = container ? line.container_id : line.host_id;
    const std::uint64_t end = from + line.size;
    if (first + count <= from || end <= first) {
      out.push_back(line);
      continue;
    }
    if (from < first) out.push_back({line.container_id, line.host_id, static_cast<std::uint32_t>(first - from)});
    if (first + count < end) {
      const auto skip = static_cast<std::uint32_t>(first + count - from);
      out.push_back({line.container_id + skip, line.host_id + skip, line.size - skip});
    }
  }
  map = std::move(out);
}

bool overlap(std::uint64_t a, std::uint64_t a_size, std::uint64_t b, std::uint64_t b_size) {
  return a < b + b_size && b < a + a_size;
}

std::string line_text(const runtime::IdMapping& line) {
  return std::to_string(line.container_id) + ":" + std::to_string(line.host_id) + ":" + std::to_string(line.size);
}

void sort_by_container(IdMap& map) {
  std::sort(map.begin(), map.end(), [](const auto& a, const auto& b) { return a.container_id < b.container_id; });
}

}  // namespace

Result<GivenMap> parse_id_map(const std::string& text, const std::vector<rootless::IdRange>& outer) {
  GivenMap out;
  std::string rest = text;
  while (!rest.empty() && (rest.front() == '+' || rest.front() == 'u' || rest.front() == 'g')) {
    (rest.front() == '+' ? out.over_identity : rest.front() == 'u' ? out.users : out.groups) = true;
    rest.erase(0, 1);
  }
  std::vector<std::string> words = split(rest, ':');
  if (words.size() != 2 && words.size() != 3) return malformed(text);
  const bool of_host = !words[1].empty() && words[1].front() == '@';
  if (of_host) words[1].erase(0, 1);
  TRY_SET(const std::int64_t inside, number(words[0], text, 0));
  TRY_SET(std::int64_t outside, number(words[1], text, 0));
  std::int64_t size = 1;
  if (words.size() == 3) {
    TRY_SET(size, number(words[2], text, 1));
  }
  if (inside + size > kIds || outside + size > kIds) return malformed(text);
  if (of_host && !outer.empty()) {
    const auto range = std::find_if(outer.begin(), outer.end(), [&](const rootless::IdRange& one) {
      return outside >= one.outside && outside + size <= std::int64_t{one.outside} + one.count;
    });
    if (range == outer.end()) {
      return fail(Code::kInvalid, "initializing ID mappings: " + text + ": this user has no such IDs on the host")
          .with_hint("/etc/subuid and /etc/subgid list what there is");
    }
    outside = outside - range->outside + range->inside;
  }
  out.map.push_back({static_cast<std::uint32_t>(inside), static_cast<std::uint32_t>(outside),
                     static_cast<std::uint32_t>(size)});
  return out;
}

Result<IdMap> join_maps(const std::vector<GivenMap>& given, std::uint64_t total) {
  IdMap out;
  const bool over_identity = std::any_of(given.begin(), given.end(), [](const GivenMap& one) { return one.over_identity; });
  if (over_identity && total > 0) out.push_back({0, 0, static_cast<std::uint32_t>(std::min<std::uint64_t>(total, kIds - 1))});
  for (const GivenMap& one : given) {
    for (const runtime::IdMapping& line : one.map) {
      if (total > 0 && std::uint64_t{line.host_id} + line.size > total) {
        return fail(Code::kInvalid, "ID mapping " + line_text(line) + ": there are only " + std::to_string(total) +
                                        " IDs to map: this user and the subordinate ones");
      }
      if (over_identity) {
        cut_out(out, line.container_id, line.size, true);
        cut_out(out, line.host_id, line.size, false);
      }
      for (const runtime::IdMapping& other : out) {
        if (overlap(line.container_id, line.size, other.container_id, other.size) ||
            overlap(line.host_id, line.size, other.host_id, other.size)) {
          return fail(Code::kInvalid, "ID mappings " + line_text(other) + " and " + line_text(line) + " overlap");
        }
      }
      out.push_back(line);
    }
  }
  sort_by_container(out);
  return out;
}

std::vector<IdSpan> subtract(const std::vector<IdSpan>& ranges, const IdSpan& taken) {
  std::vector<IdSpan> out;
  for (const IdSpan& range : ranges) {
    if (!overlap(range.first, range.count, taken.first, taken.count)) {
      out.push_back(range);
      continue;
    }
    const std::uint64_t end = range.first + range.count;
    const std::uint64_t taken_end = taken.first + taken.count;
    if (range.first < taken.first) out.push_back({range.first, taken.first - range.first});
    if (taken_end < end) out.push_back({taken_end, end - taken_end});
  }
  return out;
}

Result<IdMap> allocate_map(std::uint64_t size, const IdMap& forced, std::vector<IdSpan> free) {
  std::vector<IdSpan> wanted = {{0, size}};
  for (const runtime::IdMapping& line : forced) {
    wanted = subtract(wanted, {line.container_id, line.size});
    free = subtract(free, {line.host_id, line.size});
  }
  std::uint64_t need = 0, there = 0;
  for (const IdSpan& range : wanted) need += range.count;
  for (const IdSpan& range : free) there += range.count;
  if (need > there) {
    return fail(Code::kUnavailable, "could not find enough available IDs: " + std::to_string(need) +
                                        " are wanted, " + std::to_string(there) + " are free");
  }
  // One whole range rather than pieces.
  const auto whole = std::find_if(free.begin(), free.end(), [&](const IdSpan& range) { return range.count >= need; });
  if (whole != free.end()) std::rotate(free.begin(), whole, free.end());
  IdMap out = forced;
  std::size_t at = 0;
  for (IdSpan range : wanted) {
    while (range.count > 0) {
      if (free[at].count == 0) {
        ++at;
        continue;
      }
      const std::uint64_t count = std::min(range.count, free[at].count);
      out.push_back({static_cast<std::uint32_t>(range.first), static_cast<std::uint32_t>(free[at].first),
                     static_cast<std::uint32_t>(count)});
      range = {range.first + count, range.count - count};
      free[at] = {free[at].first + count, free[at].count - count};
    }
  }
  sort_by_container(out);
  return out;
}

std::vector<std::string> to_text(const IdMap& map) {
  std::vector<std::string> out;
  for (const runtime::IdMapping& line : map) out.push_back(line_text(line));
  return out;
}

IdMap from_text(const std::vector<std::string>& lines) {
  IdMap out;
  for (const std::string& line : lines) {
    auto parsed = parse_id_map(line, {});
    if (parsed.ok()) out.insert(out.end(), parsed->map.begin(), parsed->map.end());
  }
  return out;
}

}  // namespace creel::engine
