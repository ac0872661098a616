// Go's fmt.Sprintf on JSON values, for templates.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace creel::cmd::tmpl {

// Never fails: a wrong verb or argument shows as Go shows it ("%!d(string=x)", "%!s(MISSING)").
std::string go_printf(const std::string& format, const std::vector<nlohmann::json>& arguments);

}  // namespace creel::cmd::tmpl
