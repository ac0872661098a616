// containers-certs.d(5): the certificates for one registry. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"

namespace creel::registry {

struct TlsFiles {
  std::string authorities;              // PEM of all *.crt, trusted beside the system's
  std::string client_cert, client_key;  // paths, or empty
};

// `cert_dir` (--cert-dir), else the first that exists of HOST[:PORT] in ~/.config/containers/certs.d,
// /etc/containers/certs.d, /etc/docker/certs.d. None: empty. kInvalid for a client certificate without its key, or a
// key alone; kNotFound for a `cert_dir` that does not exist.
Result<TlsFiles> find_tls_files(const std::string& domain, const std::string& cert_dir);

}  // namespace creel::registry
