// Media types of the OCI image specification and Docker's, told from each other. Pure. Thread-safe.
#pragma once

#include <string>

namespace creel::registry::oci {

// The type of the same layer in a manifest of Docker's schema 2, or of OCI; another type stays.
std::string layer_type_in(const std::string& type, bool docker);

}  // namespace creel::registry::oci
