#include "cmd/image/scp.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "cmd/exit_code.h"
#include "engine/image/image.h"

namespace creel::cmd {
namespace {

constexpr std::string_view kLocalhost = "@localhost";

// One string for the other side's shell.
std::string for_shell(const std::vector<std::string>& args) {
  std::string out = "creel";
  for (const std::string& arg : args) {
    out += " '";
    for (const char c : arg) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += "'";
  }
  return out;
}

Result<Process> start(const std::vector<std::string>& argv, std::vector<std::pair<int, int>> fds) {
  SpawnRequest request;
  request.path = argv[0];
  request.argv = argv;
  request.fds = std::move(fds);
  auto child = spawn(request);
  if (!child.ok()) return std::move(child).error().within("running " + argv[0]);
  return child;
}

}  // namespace

Result<ScpEnd> parse_scp_end(const std::string& text) {
  ScpEnd out;
  const std::size_t at = text.find("::");
  if (at == std::string::npos) {
    out.image = text;
  } else {
    out.host = text.substr(0, at);
    out.image = text.substr(at + 2);
    if (out.host.starts_with("ssh://")) out.host.erase(0, 6);
    if (out.host.empty() || out.host.front() == '-') return fail(Code::kInvalid, "no host in \"" + text + "\"");
  }
  if (out.host.empty() && out.image.empty()) return fail(Code::kInvalid, "must specify a source image");
  // Names are quoted where a shell reads them; one like a flag would still be one.
  if (out.image.starts_with('-')) return fail(Code::kInvalid, "no image in \"" + text + "\"");
  return out;
}

std::vector<std::string> scp_argv(const ScpEnd& end, const std::vector<std::string>& self,
                                  const std::vector<std::string>& args, bool as_root) {
  std::vector<std::string> out = self;
  if (end.host.ends_with(kLocalhost)) {
    const std::string user = end.host.substr(0, end.host.size() - kLocalhost.size());
    // That user's own store, with the variables of a login.
    if (as_root) return {"runuser", "-l", user, "-c", for_shell(args)};
    out = {"sudo", "-i", "-u", user, "creel"};
  } else if (!end.host.empty()) {
    out = {"ssh"};
    std::string host = end.host;
    const std::size_t colon = host.rfind(':');
    if (colon != std::string::npos && parse_int(host.substr(colon + 1), "port").ok()) {
      out.insert(out.end(), {"-p", host.substr(colon + 1)});
      host.resize(colon);
    }
    out.insert(out.end(), {"--", host, for_shell(args)});
    return out;
  }
  out.insert(out.end(), args.begin(), args.end());
  return out;
}

void ImageScpCommand::declare(Flags& flags) {
  flags.flag("-q,--quiet", quiet_, "Print nothing");
  flags.arguments(arguments_);
}

Result<int> ImageScpCommand::run(Context& context) {
  TRY_SET(const ScpEnd from, parse_scp_end(arguments_[0]));
  ScpEnd to;
  if (arguments_.size() > 1) {
    TRY_SET(to, parse_scp_end(arguments_[1]));
  } else if (from.host.empty()) {
    return fail(Code::kInvalid, "must specify a destination: HOST::");
  }
  if (from.image.empty()) return fail(Code::kInvalid, "must specify a source image");
  if (from.host.empty() && to.host.empty()) return fail(Code::kInvalid, "must specify a destination: HOST::");
  if (!to.image.empty()) {
    return fail(Code::kInvalid, "cannot specify an image rename").with_hint("tag it before or afterwards");
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (from.host.empty()) TRY(engine::find_image_of(engine, from.image));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  Fd reading(ends[0]), writing(ends[1]);
  const bool as_root = geteuid() == 0;
  const std::vector<std::string> self = engine.self_argv(false);
  std::vector<std::string> load = {"load"};
  Fd nowhere;
  if (quiet_) {
    load.emplace_back("-q");
    TRY_SET(nowhere, open_file("/dev/null", O_WRONLY));
  }
  // Of that format alone the digest stays.
  const std::vector<std::string> save = {"save", "-q", "--format", "oci-archive", from.image};
  TRY_SET(Process writer, start(scp_argv(from, self, save, as_root), {{writing.get(), STDOUT_FILENO}}));
  writing.reset();
  std::vector<std::pair<int, int>> fds = {{reading.get(), STDIN_FILENO}};
  if (quiet_) fds.emplace_back(nowhere.get(), STDOUT_FILENO);
  auto reader = start(scp_argv(to, self, load, as_root), std::move(fds));
  reading.reset();
  TRY_SET(const int saved, writer.wait());
  if (!reader.ok()) return std::move(reader).error();
  TRY_SET(const int loaded, reader->wait());
  if (saved == 0 && loaded == 0) return 0;
  const std::string what = saved != 0 ? "reading it" : "storing it";
  return fail(Code::kFailed, "copying " + from.image + (from.host.empty() ? "" : " from " + from.host) +
                                 (to.host.empty() ? "" : " to " + to.host) + ": " + what + " failed there")
      .with_hint("what went wrong is said above; creel must be in the PATH of that user");
}

}  // namespace creel::cmd
