#include "net/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <utility>

#include "base/fd.h"
#include "base/text.h"

namespace creel::net {

namespace {

struct Range {
  int first = 0;
  int last = 0;
};

Result<Range> parse_range(const std::string& text, const std::string& whole) {
  const Cut ends = cut(text, '-');
  Range out;
  auto one = [&](const std::string& number) -> Result<int> {
    auto value = parse_int(number, "port");
    if (!value.ok() || *value < 1 || *value > 65535) {
      return fail(Code::kInvalid, "cannot parse \"" + number + "\" as a port number in '" + whole +
                                      "': it must be between 1 and 65535");
    }
    return static_cast<int>(*value);
  };
  TRY_SET(out.first, one(ends.before));
  out.last = out.first;
  if (ends.found) {
    TRY_SET(out.last, one(ends.after));
  }
  if (out.last < out.first)
    return fail(Code::kInvalid, "invalid port range '" + text + "' in '" + whole + "': the end is before the start");
  return out;
}

// "80/tcp,udp" is both.
Result<std::vector<std::string>> take_protocols(std::string& text, const std::string& whole) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::vector<std::string>{"tcp"};
  std::vector<std::string> out = split(text.substr(slash + 1), ',');
  text.resize(slash);
  for (std::string& protocol : out) {
    for (char& c : protocol) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (protocol == "sctp") return fail(Code::kUnsupported, "publishing SCTP ports ('" + whole + "') is not built yet");
    if (protocol != "tcp" && protocol != "udp") {
      return fail(Code::kInvalid, "invalid protocol '" + protocol + "' in '" + whole + "': tcp or udp");
    }
  }
  return out;
}

Result<void> check_address(const std::string& address, const std::string& whole) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1 || inet_pton(AF_INET6, address.c_str(), &v6) == 1) return {};
  return fail(Code::kInvalid, "cannot parse \"" + address + "\" as an IP address in '" + whole + "'");
}

// A socket bound to the address; errno tells.
Fd bind_socket(const PortMapping& port, std::uint16_t number) {
  const bool v6 = port.host_ip.find(':') != std::string::npos;
  const int type = port.protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM;
  Fd fd(socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fd;
  const int on = 1;
  // A connection that is winding down does not occupy a port. With it, a free port would not be the socket's alone.
  if (type == SOCK_STREAM && number != 0) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (v6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  int r = -1;
  if (v6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(number);
    inet_pton(AF_INET6, port.host_ip.c_str(), &address.sin6_addr);
    r = bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(number);
    if (!port.host_ip.empty()) inet_pton(AF_INET, port.host_ip.c_str(), &address.sin_addr);
    r = bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  if (r != 0) {
    const int err = errno;
    fd.reset();
    errno = err;
  }
  return fd;
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

}  // namespace

Result<std::vector<PortMapping>> parse_publish(const std::string& text) {
  std::string rest = text;
  PortMapping base;
  TRY_SET(const std::vector<std::string> protocols, take_protocols(rest, text));
  if (!rest.empty() && rest.front() == '[') {
    const std::size_t end = rest.find("]:");
    if (end == std::string::npos)
      return fail(Code::kInvalid, "cannot parse '" + text + "': an IPv6 address is written [ADDRESS]:");
    base.host_ip = rest.substr(1, end - 1);
    rest = rest.substr(end + 2);
    TRY(check_address(base.host_ip, text));
  }
  std::vector<std::string> parts = split(rest, ':');
  if (parts.size() == 3 && base.host_ip.empty()) {
    base.host_ip = parts[0];
    if (!base.host_ip.empty()) TRY(check_address(base.host_ip, text));
    parts.erase(parts.begin());
  }
  if (parts.size() > 2 || rest.empty())
    return fail(Code::kInvalid, "invalid port format '" + text + "': [[IP:][HOST_PORT]:]CONTAINER_PORT[/PROTOCOL]");
  TRY_SET(const Range inside, parse_range(parts.back(), text));
  Range host;
  if (parts.size() == 2 && !parts[0].empty()) {
    TRY_SET(host, parse_range(parts[0], text));
    if (host.last - host.first != inside.last - inside.first) {
      return fail(Code::kInvalid, "host and container port ranges have different lengths in '" + text + "'");
    }
  }
  std::vector<PortMapping> out;
  for (const std::string& protocol : protocols) {
    for (int i = 0; i <= inside.last - inside.first; ++i) {
      PortMapping port = base;
      port.protocol = protocol;
      port.container_port = static_cast<std::uint16_t>(inside.first + i);
      port.host_port = static_cast<std::uint16_t>(host.first == 0 ? 0 : host.first + i);
      out.push_back(std::move(port));
    }
  }
  return out;
}

Result<std::vector<PortMapping>> parse_expose(const std::string& text) {
  std::string rest = text;
  PortMapping base;
  TRY_SET(const std::vector<std::string> protocols, take_protocols(rest, text));
  TRY_SET(const Range range, parse_range(rest, text));
  std::vector<PortMapping> out;
  for (const std::string& protocol : protocols) {
    for (int i = range.first; i <= range.last; ++i) {
      base.protocol = protocol;
      base.container_port = static_cast<std::uint16_t>(i);
      out.push_back(base);
    }
  }
  return out;
}

namespace {

bool is_any(const std::string& address) {
  return address.empty() || address == "0.0.0.0" || address == "::";
}

// Of two mappings with the same protocol and host port: whether they want the same socket.
bool collide(const PortMapping& a, const PortMapping& b) {
  const bool same_family = (a.host_ip.find(':') == std::string::npos) == (b.host_ip.find(':') == std::string::npos);
  return same_family && (is_any(a.host_ip) || is_any(b.host_ip) || a.host_ip == b.host_ip);
}

// Bound sockets would not tell: they may share a port until one listens.
Result<std::vector<PortMapping>> without_doubles(std::vector<PortMapping> ports) {
  std::vector<PortMapping> out;
  std::map<std::pair<std::string, std::uint16_t>, std::vector<std::size_t>> seen;
  for (PortMapping& port : ports) {
    bool again = false;
    if (port.host_port != 0) {
      std::vector<std::size_t>& same_port = seen[{port.protocol, port.host_port}];
      for (const std::size_t index : same_port) {
        const PortMapping& other = out[index];
        if (!collide(port, other)) continue;
        if (port.container_port != other.container_port || port.host_ip != other.host_ip) {
          return fail(Code::kInvalid, "conflicting port mappings for host port " + std::to_string(port.host_port) +
                                          " (protocol " + port.protocol + ")");
        }
        again = true;
      }
      if (!again) same_port.push_back(out.size());
    }
    if (!again) out.push_back(std::move(port));
  }
  return out;
}

}  // namespace

Result<void> assign_host_ports(std::vector<PortMapping>& ports) {
  TRY_SET(ports, without_doubles(std::move(ports)));
  // Held until all are chosen, so that no two get the same.
  std::vector<Fd> held;
  for (PortMapping& port : ports) {
    Fd fd = bind_socket(port, port.host_port);
    if (!fd.valid() && port.host_port != 0) {
      // A privileged port is slirp4netns' to refuse, with its own words; a taken one is known now.
      if (errno != EADDRINUSE) continue;
      const std::string where =
          (port.host_ip.empty() ? "0.0.0.0" : port.host_ip) + ":" + std::to_string(port.host_port);
      return fail(Code::kInUse, "cannot publish port " + where + ": address already in use");
    }
    if (!fd.valid())
      return errno_error("choosing a free port for " + std::to_string(port.container_port) + "/" + port.protocol);
    if (port.host_port == 0) port.host_port = bound_port(fd.get());
    held.push_back(std::move(fd));
  }
  return {};
}

}  // namespace creel::net
