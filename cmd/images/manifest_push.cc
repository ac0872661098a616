#include "cmd/images/manifest_push.h"

#include "base/file.h"
#include "cmd/images/common.h"
#include "cmd/images/progress.h"
#include "engine/image/transfer/manifest_list.h"

namespace creel::cmd {

namespace transfer = engine::transfer;

void ManifestPushCommand::declare(Flags& flags) {
  flags.flag("--all", all_, "Push the images of the list, too");
  flags.value("--authfile", authfile_, "string", "File of credentials instead of the usual ones");
  flags.value("--cert-dir", cert_dir_, "string", "Directory of certificates and keys for the registry");
  flags.value("--creds", creds_, "USERNAME:PASSWORD", "Credentials for the registry");
  flags.value("--digestfile", digestfile_, "FILE", "Write the digest of the list as it was pushed");
  flags.value("-f,--format", format_, "string", "Push the list as oci or v2s2").choices({"oci", "v2s2"});
  flags.flag("--insecure", insecure_, "As --tls-verify=false").hidden();
  declare_progress(flags, progress_);
  flags.flag("-q,--quiet", quiet_, "Print no progress");
  flags.flag("--remove-signatures", remove_signatures_, "Push no signatures (there are none in local storage)");
  flags.flag("--rm,-p,--purge", rm_, "Remove the list from local storage once it is pushed");
  flags.flag("--tls-verify", tls_verify_, "Require HTTPS and verify certificates");
  flags.arguments(arguments_);
}

Result<int> ManifestPushCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine_inside(context));
  transfer::PushListOptions options;
  options.all = all_;
  options.format = format_;
  options.registry.authfile = authfile_;
  options.registry.cert_dir = cert_dir_;
  options.registry.creds = creds_;
  options.registry.tls_verify = insecure_ ? false : tls_verify_;
  TRY_SET(const auto progress, make_progress(quiet_, progress_));
  const std::string& list = arguments_[0];
  TRY_SET(const Digest digest,
          transfer::push_list(engine, list, arguments_.size() > 1 ? arguments_[1] : list, options, *progress));
  if (!digestfile_.empty()) TRY(write_atomic(digestfile_, digest.text(), 0644));
  if (!rm_) return 0;
  // Inside the user namespace already.
  TRY_SET(const storage::ImageRecord pushed, transfer::find_list(engine, list));
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  TRY(store->remove_image(pushed.id));
  TRY(store->collect_garbage());
  return 0;
}

}  // namespace creel::cmd
