#include "cmd/system/version.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/output/output.h"
#include "cmd/system/build_info.h"

namespace creel::cmd {

void VersionCommand::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "Print JSON, or by a Go template");
}

Result<int> VersionCommand::run(Context&) {
  const nlohmann::json client = version_document();
  if (means_json(format_)) {
    std::printf("%s\n", indented({{"Client", client}}).c_str());
    return 0;
  }
  if (!format_.empty()) {
    TRY_SET(const std::string text, render_template(unescaped(format_), {{"Client", client}, {"Server", nullptr}}));
    std::printf("%s\n", text.c_str());
    return 0;
  }
  const auto line = [&](const char* label, const char* key) {
    std::printf("%-13s %s\n", label, client[key].get_ref<const std::string&>().c_str());
  };
  std::printf("%-13s %s\n", "Client:", "Creel Engine");
  line("Version:", "Version");
  line("API Version:", "APIVersion");
  line("Compiler:", "Compiler");
  line("OS/Arch:", "OsArch");
  return 0;
}

}  // namespace creel::cmd
