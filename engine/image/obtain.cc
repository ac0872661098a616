#include "engine/image/obtain.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/image/image.h"

namespace creel::engine {

using storage::ImageRecord;

namespace {

struct Pipe {
  Fd read_end, write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Passes the child's messages on as they come, but keeps its final "Error: …" and what follows, so that the user reads
// one error, ours. Only where stderr is no terminal: there the child draws its progress itself.
std::string pass_on_messages(int from) {
  std::string pending, held;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = read(from, buffer, sizeof buffer)) > 0) {
    pending.append(buffer, static_cast<std::size_t>(size));
    for (std::size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
      const std::string line = pending.substr(0, end + 1);
      if (!held.empty() || line.rfind("Error: ", 0) == 0)
        held += line;
      else
        (void)write_all(STDERR_FILENO, line).ok();
    }
    if (held.size() > (1 << 16)) held.resize(1 << 16);
  }
  if (held.empty())
    (void)write_all(STDERR_FILENO, pending).ok();
  else
    held += pending;
  return held;
}

Error child_error(const std::string& name, const std::string& held) {
  if (held.size() <= 7) return fail(Code::kFailed, "unable to pull " + name);
  Cut lines = cut(std::string_view(held).substr(7), '\n');
  Error error = fail(Code::kFailed, lines.before);
  error.hint = std::string(trim(lines.after));
  return error;
}

}  // namespace

Result<PullPolicy> parse_pull_policy(const std::string& text) {
  if (text == "missing" || text == "ifmissing" || text == "ifnotpresent" || text.empty()) return PullPolicy::kMissing;
  if (text == "always") return PullPolicy::kAlways;
  if (text == "never") return PullPolicy::kNever;
  if (text == "newer" || text == "ifnewer") return PullPolicy::kNewer;
  return fail(Code::kInvalid, "unsupported pull policy \"" + text + "\"")
      .with_hint("Choose from: always, missing, never, newer.");
}

bool is_location(const std::string& name) {
  for (const char* transport :
       {"oci:", "oci-archive:", "docker-archive:", "dir:", "containers-storage:", "docker://"}) {
    if (name.starts_with(transport)) return true;
  }
  return false;
}

Result<std::optional<ImageRecord>> image_at_hand(Engine& engine, const std::string& name, PullPolicy policy,
                                                 const std::string& platform) {
  constexpr std::string_view kDocker = "docker://";
  if (name.starts_with(kDocker)) return image_at_hand(engine, name.substr(kDocker.size()), policy, platform);
  if (is_location(name)) {
    auto called_so = find_image_of(engine, name, platform);
    return called_so.ok() ? std::optional(std::move(*called_so)) : std::nullopt;
  }
  if (policy == PullPolicy::kAlways || policy == PullPolicy::kNewer) {
    // An ID cannot be pulled: what has one is used as it is.
    if (name.rfind("sha256:", 0) != 0) return std::optional<ImageRecord>();
  }
  auto found = find_image_of(engine, name, platform);
  if (!found.ok()) {
    if (found.error().code != Code::kNotFound || policy == PullPolicy::kNever || name.rfind("sha256:", 0) == 0) {
      return std::move(found).error();
    }
    return std::optional<ImageRecord>();
  }
  return std::optional<ImageRecord>(std::move(*found));
}

Result<ImageRecord> pull_image(Engine& engine, const CreateOptions& options) {
  const std::string& name = options.image;
  const bool location = is_location(name);
  if (!location) TRY(parse_reference(name));
  TRY_SET(std::string program, libexec_program("creel-images"));
  TRY_SET(Pipe out_pipe, make_pipe());
  TRY_SET(Pipe err_pipe, make_pipe());
  const bool terminal = isatty(STDERR_FILENO) != 0;
  SpawnRequest request;
  request.path = program;
  request.argv = {program, "--root", engine.paths().store, "--runroot", engine.paths().runtime, "pull"};
  // A name that an alias explains may be here under its full one.
  if (options.pull == PullPolicy::kMissing && !location) request.argv.push_back("--policy=missing");
  if (isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0) request.argv.push_back("--ask");
  if (!options.platform.empty()) request.argv.push_back("--platform=" + options.platform);
  request.argv.insert(request.argv.end(), options.pull_arguments.begin(), options.pull_arguments.end());
  request.argv.push_back(name);
  request.fds = {{out_pipe.write_end.get(), STDOUT_FILENO}};
  if (!terminal) request.fds.emplace_back(err_pipe.write_end.get(), STDERR_FILENO);
  request.parent_death_signal = 15;
  TRY_SET(Process child, spawn(request));
  out_pipe.write_end.reset();
  err_pipe.write_end.reset();
  // stdout gets one ID at the very end: it fits the pipe while this reads the other.
  const std::string held = pass_on_messages(err_pipe.read_end.get());
  TRY_SET(std::string out, read_all(out_pipe.read_end.get(), 1 << 20));
  TRY_SET(int code, child.wait());
  if (code != 0) {
    if (options.pull == PullPolicy::kNewer) {
      if (auto local = find_image(engine, name); local.ok()) return local;
    }
    return child_error(name, held);
  }
  std::string id(trim(out));
  if (std::size_t line = id.rfind('\n'); line != std::string::npos) id.erase(0, line + 1);
  return find_image(engine, "sha256:" + id);
}

}  // namespace creel::engine
