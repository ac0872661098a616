#include "cmd/container/run.h"

#include <cstdio>

#include "engine/image/image.h"

namespace creel::cmd {

void RunCommand::declare(Flags& flags) {
  flags.flag("-d,--detach", detach_, "Let the container run in the background, and print its ID");
  create_.declare(flags);
  create_.declare_passwd(flags);
  attach_.declare_streams(flags);
  attach_.declare_keys(flags);
  attach_.declare_sig_proxy(flags);
  preserve_.declare(flags);
  flags.flag("--rmi", remove_image_, "Remove the container when it ends, and its image unless another container uses it");
}

Result<int> RunCommand::run(Context& context) {
  TRY_SET(engine::CreateOptions options, create_.options());
  options.detach = detach_;
  if (detach_ && attach_.streams_given()) return fail(Code::kInvalid, "--attach and --detach cannot be used together");
  if (detach_ && remove_image_) {
    return fail(Code::kInvalid, "--rmi and --detach cannot be used together")
        .with_hint("remove the image with creel rmi when the container has ended");
  }
  options.remove |= remove_image_;
  TRY_SET(engine::StartRequest request, attach_.request(!detach_, options.interactive));
  request.listen_fds = listen_fds();
  TRY_SET(request.preserve_fds, preserve_.descriptors(request.listen_fds));
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (!detach_) warn_without_terminal(engine, options.tty, options.interactive);
  std::string id;
  TRY_SET(const engine::StartOutcome outcome,
          engine::run(engine, options, request, context.argv, [&](const std::string& created) { id = created; }));
  // Printed only now: a command that could not be started has no ID on stdout.
  if (detach_) std::printf("%s\n", id.c_str());
  if (remove_image_ && !outcome.detached) {
    // Not where others use it.
    auto removed = engine::remove_image(engine, options.image, {});
    if (!removed.ok() && removed.error().code != Code::kInUse && removed.error().code != Code::kNotFound)
      return std::move(removed).error();
  }
  return outcome.detached ? 0 : outcome.exit_code;
}

}  // namespace creel::cmd
