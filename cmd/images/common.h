// What the commands of the image plane have in common.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "cmd/command.h"

namespace creel::cmd {

// Sets the variables that containers.conf has for the engine ([engine] env), proxies above all. Before any thread
// exists; engine_inside() does it.
Result<void> apply_environment(engine::Engine& engine);
// The engine, with this process moved into its user namespace. Before any thread exists, and after the caller opened
// its files: inside, the caller's supplementary groups are lost.
Result<engine::Engine> engine_inside(const Context& context);
// A file to read, or stdin for "-" and "". kInvalid when stdin is a terminal.
Result<Fd> open_input(const std::string& path);
// --platform, or --os, --arch, --variant as one ("linux/arm64/v8"); empty: none was given. kInvalid for both.
Result<std::string> platform_of(const std::string& platform, const std::string& os, const std::string& arch,
                                const std::string& variant);

}  // namespace creel::cmd
