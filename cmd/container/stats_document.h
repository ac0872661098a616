// One container's usage as stats prints it: fields for tables and templates, and the object of --format json.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "engine/container/stats.h"

namespace creel::cmd {

// `before`: the same container's last sample, which the CPU share is counted from; absent: since its start.
// `whole`: IDs are not truncated.
nlohmann::json stats_row(const engine::Usage& usage, const std::optional<engine::Usage>& before, bool whole);
nlohmann::json stats_document(const nlohmann::json& row);

// --- parts, for unit tests

// "57.34kB": powers of 1000, four digits, as Podman's stats.
std::string decimal_size(std::uint64_t bytes);
// "56KiB": powers of 1024.
std::string binary_size(std::uint64_t bytes);

}  // namespace creel::cmd
