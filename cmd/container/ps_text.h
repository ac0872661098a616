// How ps shows a container: the texts of its columns. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/container/size.h"
#include "engine/container/container.h"

namespace creel::cmd {

// "Up 3 minutes", "Exited (0) 2 hours ago", "Created".
std::string status_text(const engine::monitor::Observed& observed, std::int64_t now);
// "12B (virtual 4.36MB)".
std::string size_column(const engine::ContainerSize& size);
// The words joined; 17 characters and "..." unless `whole`.
std::string command_text(const std::vector<std::string>& words, bool whole);

// Neighbouring ports as one range, by address, protocol and host port.
struct PortRange {
  net::PortMapping first;
  unsigned count = 1;
};
std::vector<PortRange> port_ranges(std::vector<net::PortMapping> ports);
// "0.0.0.0:8000-8004->90-94/tcp, 127.0.0.1:53->53/udp"
std::string ports_text(const std::vector<PortRange>& ranges);

// "2026-11-25 03:35:56.448664794 +0000 UTC": how Go prints a time, in local time.
std::string go_time(std::int64_t ns);

}  // namespace creel::cmd
