// Writing JSON where no JSON library is linked. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace creel {

// `text` as it stands between the quotes of a JSON string. Bytes that are not UTF-8 stay as they are.
void append_json_string(std::string& out, std::string_view text);

}  // namespace creel
