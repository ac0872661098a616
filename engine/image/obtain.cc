#include "engine/image/obtain.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/image/image.h"
#include "engine/image/image_config.h"

namespace creel::engine {

using storage::ImageRecord;

Result<std::optional<ImageRecord>> image_at_hand(Engine& engine, const std::string& name, PullPolicy policy,
                                                 const std::string& platform) {
  if (policy == PullPolicy::kAlways || policy == PullPolicy::kNewer) {
    // An ID cannot be pulled: what has one is used as it is.
    if (name.rfind("sha256:", 0) != 0) return std::optional<ImageRecord>();
  }
  auto found = find_image(engine, name);
  if (!found.ok()) {
    if (found.error().code != Code::kNotFound || policy == PullPolicy::kNever || name.rfind("sha256:", 0) == 0) {
      return std::move(found).error();
    }
    return std::optional<ImageRecord>();
  }
  if (!platform.empty()) {
    TRY_SET(Platform wanted, parse_platform(platform));
    TRY_SET(ImageConfig config, parse_image_config(found->config));
    const bool fits = config.os == wanted.os && config.architecture == wanted.architecture &&
                      (wanted.variant.empty() || config.variant.empty() || wanted.variant == config.variant);
    if (!fits) {
      if (policy == PullPolicy::kNever) {
        return fail(Code::kNotFound, name + ": image not known for platform " + platform);
      }
      return std::optional<ImageRecord>();
    }
  }
  return std::optional<ImageRecord>(std::move(*found));
}

Result<ImageRecord> pull_image(Engine& engine, const std::string& name, PullPolicy policy, const std::string& platform) {
  TRY(parse_reference(name));
  TRY_SET(std::string program, libexec_program("creel-images"));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  Fd read_end(ends[0]), write_end(ends[1]);
  SpawnRequest request;
  request.path = program;
  request.argv = {program, "--root", engine.paths().store, "--runroot", engine.paths().runtime, "pull"};
  if (!platform.empty()) {
    request.argv.emplace_back("--platform");
    request.argv.push_back(platform);
  }
  request.argv.push_back(name);
  request.fds = {{write_end.get(), STDOUT_FILENO}};
  request.parent_death_signal = 15;
  TRY_SET(Process child, spawn(request));
  write_end.reset();
  TRY_SET(std::string out, read_all(read_end.get(), 1 << 20));
  TRY_SET(int code, child.wait());
  if (code != 0) {
    if (policy == PullPolicy::kNewer) {
      if (auto local = find_image(engine, name); local.ok()) return local;
    }
    // The child has told why, on the stderr that is ours too.
    return fail(Code::kFailed, "");
  }
  std::string id(trim(out));
  if (std::size_t line = id.rfind('\n'); line != std::string::npos) id.erase(0, line + 1);
  return find_image(engine, "sha256:" + id);
}

}  // namespace creel::engine
