// Configuration files of containers, and signatures.
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "registry/policy/gpg.h"
#include "registry/policy/payload.h"
#include "registry/policy/policy.h"
#include "registry/policy/private_key.h"
#include "registry/policy/signature_blob.h"
#include "registry/policy/signature_stores.h"
#include "registry/policy/sigstore.h"
#include "registry/registries_conf.h"
#include "targets.h"

namespace creel::fuzz {

namespace policy = registry::policy;

namespace {

// For what reads a directory: one with room for one file.
class Directory {
 public:
  Directory() {
    char name[] = "/tmp/creel-fuzz-XXXXXX";
    must(mkdtemp(name) != nullptr, "no directory");
    path_ = name;
  }
  ~Directory() {
    unlink((path_ + "/x.yaml").c_str());
    rmdir(path_.c_str());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

void fuzz_registries_conf(const std::string& input) {
  const MemoryFile file(input);
  const auto conf = registry::RegistriesConf::load({file.path()});
  if (!conf.ok()) return;
  for (const char* path : {"library/busybox", "a", "a/b/c"}) {
    for (const char* domain : {"docker.io", "registry.example.com:5000", "a.b.example"}) {
      const auto endpoints = conf->endpoints(domain, path, true);
      must(!endpoints.ok() || !endpoints->empty(), "a registry that is not blocked has no endpoint");
      must(conf->check_blocked(std::string(domain) + "/" + path).ok() == endpoints.ok(), "blocked, and yet not");
    }
  }
}

void fuzz_policy(const std::string& input) {
  const auto parsed = policy::Policy::parse(input, "policy.json");
  if (!parsed.ok()) return;
  for (const auto& origin : {policy::registry_origin("h.example.com:5000", "a/b", ":1"),
                             policy::file_origin("dir", "/srv/images"), policy::Origin{"docker-archive", {}}})
    must(!parsed->requirements(origin).empty(), "a policy without requirements accepts everything");
}

void fuzz_registries_d(const std::string& input) {
  static const Directory dir;
  must(write_atomic(dir.path() + "/x.yaml", input).ok(), "no file");
  const auto stores = policy::SignatureStores::load(dir.path(), "file:///fallback");
  if (!stores.ok()) return;
  const auto origin = policy::registry_origin("h.example", "a/b", ":1");
  (void)stores->reading(origin);
  (void)stores->writing(origin);
  (void)stores->attachments(origin);
}

void fuzz_signature(const std::string& input) {
  for (const auto kind : {policy::PayloadKind::kSimple, policy::PayloadKind::kSigstore}) {
    const auto payload = policy::parse_payload(input, kind);
    if (!payload.ok()) continue;
    must(policy::parse_payload(policy::make_payload(*payload, kind, 0), kind).ok(), "a payload is not read back");
  }
  policy::Signatures signatures;
  (void)policy::add_blob(input, signatures);
  (void)policy::dearmor(input);
  (void)policy::PrivateKey::parse(input, "");
  static const char* const kKey =
      "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOdCGEL/bubWJmVX7LixCIhZpoGfi\n"
      "/UVs5h318h5wfYL22GRV0PAbfdyaQ4fEJN7RHBKWQYCn8h/07s67EjYkOg==\n-----END PUBLIC KEY-----\n";
  // Nobody has the private half of this one.
  const policy::SigstoreTrust by_key{.keys = {kKey}, .rekor = {kKey}};
  const policy::SigstoreTrust keyless{.authorities = {input}, .rekor = {kKey}};
  for (policy::SigstoreSignature& signature : signatures.sigstore) {
    must(!policy::verify_sigstore(by_key, signature).ok(), "a signature without its key is accepted");
    signature.certificate = input;
    must(!policy::verify_sigstore(keyless, signature).ok(), "a certificate without a log is accepted");
  }
  policy::SigstoreSignature bundled{
      .payload = "p", .signature = "YQ==", .certificate = input, .chain = input, .bundle = input};
  must(!policy::verify_sigstore(by_key, bundled).ok(), "a log entry without its key is accepted");
}

}  // namespace creel::fuzz
