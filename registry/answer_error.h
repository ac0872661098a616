// What a registry's refusal means, in one line. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "registry/http.h"

namespace creel::registry {

// The registry's own words from {"errors": [{"code", "message"}]} (or OAuth's "error_description", "details"): bounded,
// printable; "manifest unknown". Empty where there are none.
std::string registry_words(const std::string& body);
// The error of an answer with a status other than success: kNotFound, kDenied, kUnavailable (429 with its limit, 5xx),
// else kFailed. The caller adds what was asked for.
Error answer_error(const HttpAnswer& answer);

}  // namespace creel::registry
