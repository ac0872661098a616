// Published ports. Pure data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace creel::net {

struct PortMapping {
  std::string host_ip;          // empty: all addresses
  std::uint16_t host_port = 0;  // 0: to be chosen by assign_host_ports()
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";  // tcp, udp
};

// "[[IP:][HOST]:]CONTAINER[/PROTO]" with ranges "8000-8010:80-90"; "[::1]:80:80" and protocols
// "80/tcp,udp". One entry per port and protocol. kInvalid says what is wrong.
Result<std::vector<PortMapping>> parse_publish(const std::string& text);
// "80", "80/udp", "80-90/tcp": an image's or --expose's port.
Result<std::vector<PortMapping>> parse_expose(const std::string& text);
// Chooses free host ports where host_port is 0 (bind(2) to port 0 and let go). kInUse names one already taken,
// kInvalid one that is published twice to different ports. A mapping given twice is left once.
Result<void> assign_host_ports(std::vector<PortMapping>& ports);

}  // namespace creel::net
