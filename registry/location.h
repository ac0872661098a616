// Where an image is, as users write it: containers-transports(5). Pure text; thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace creel::registry {

enum class Transport : std::uint8_t {
  kRegistry,           // docker://NAME, or a bare NAME
  kOci,                // oci:DIRECTORY[:REFERENCE]
  kOciArchive,         // oci-archive:FILE[:REFERENCE]
  kDockerArchive,      // docker-archive:FILE[:NAME[:TAG] | :@INDEX]; INDEX counts from 0
  kDir,                // dir:DIRECTORY
  kContainersStorage,  // containers-storage:[[DRIVER@GRAPHROOT[+RUNROOT]]]NAME, read-only
};

struct Location {
  Transport transport = Transport::kRegistry;
  std::string path;       // file or directory; of containers-storage "[…]" without its brackets; else empty
  std::string reference;  // the name; empty where none was given
  // As containers-transports(5) writes it, for messages.
  [[nodiscard]] std::string text() const;
};

// A text that begins with no transport is a bare name, as "docker:dind" is. As with Podman, "dir:5" is the directory
// "5": the image of that name is docker://dir:5. References are checked for their characters alone. kInvalid: nothing
// after the transport, or a malformed reference; kUnsupported names docker-daemon:, sif:, ostree:, tarball: and
// atomic:.
Result<Location> parse_location(const std::string& given);

}  // namespace creel::registry
