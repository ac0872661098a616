#include "registry/client.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <map>
#include <mutex>

#include "base/file.h"
#include "base/text.h"
#include "registry/host.h"
#include "registry/oci/json.h"
#include "registry/origin.h"
#include "registry/registries_conf.h"
#include "registry/sha256.h"

namespace creel::registry {

namespace {

// It becomes part of a URL: the characters of the reference grammar and no way up.
Result<void> check_path(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._-/:").find(c) != std::string_view::npos;
  });
  if (plain && !text.empty() && text.front() != '/' && text.find("..") == std::string::npos) return {};
  return fail(Code::kInvalid, "malformed name \"" + oci::printable(text, 100) + "\"");
}

std::string accepted_manifests() {
  return join({oci::kOciManifest, oci::kOciIndex, oci::kDockerManifest, oci::kDockerList, oci::kDockerSchema1Signed,
               oci::kDockerSchema1},
              ", ");
}

Result<FetchedManifest> verified(HttpAnswer answer, const std::string& reference) {
  FetchedManifest out;
  out.text = std::move(answer.body);
  out.digest = Sha256::of(out.text);
  out.media_type = std::string(trim(cut(answer.head.field("content-type"), ';').before));
  for (char& c : out.media_type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool by_digest = reference.starts_with("sha256:");
  const std::string told = answer.head.field("docker-content-digest");
  // Registries may tell digests of other algorithms, which is no contradiction.
  const std::string& expected = by_digest || !told.starts_with("sha256:") ? reference : told;
  if (expected.starts_with("sha256:") && expected != out.digest.text())
    return fail(Code::kInvalid, "digest mismatch: what came is " + out.digest.text());
  return out;
}

// The state of one blob's transfer, across connections and mirrors: what has gone to the sink stays there.
class BlobTransfer {
 public:
  BlobTransfer(const oci::Descriptor& descriptor, const Client::Sink& sink, bool skip_hash)
      : descriptor_(descriptor), sink_(sink), skip_hash_(skip_hash) {}

  const std::int64_t& done() const { return done_; }
  bool sink_failed() const { return sink_failed_; }

  Result<void> begin(const HttpHead& head) {
    skip_ = 0;
    std::int64_t start = 0;
    if (head.status == 206) {
      // "bytes 100-199/200"
      const std::string range = head.field("content-range");
      auto first = parse_int(cut(range.substr(0, range.find('-')), ' ').after, "Content-Range");
      if (!first || *first > done_) return fail(Code::kInvalid, "another range came than was asked for");
      start = *first;
    }
    // Who ignores Range sends again what the sink has had.
    skip_ = done_ - start;
    if (auto length = parse_int(head.field("content-length"), "Content-Length");
        length && *length != descriptor_.size - start)
      return fail(Code::kInvalid, "size mismatch: " + std::to_string(*length) + " bytes are announced, " +
                                      std::to_string(descriptor_.size - start) + " expected");
    return {};
  }

  Result<void> data(std::string_view bytes) {
    const auto again = std::min<std::int64_t>(skip_, static_cast<std::int64_t>(bytes.size()));
    skip_ -= again;
    bytes.remove_prefix(static_cast<std::size_t>(again));
    const std::int64_t room = descriptor_.size - done_;
    const bool longer = static_cast<std::int64_t>(bytes.size()) > room;
    if (longer) bytes = bytes.substr(0, static_cast<std::size_t>(room));
    if (!bytes.empty()) {
      if (!skip_hash_) hash_.update(bytes);
      done_ += static_cast<std::int64_t>(bytes.size());
      auto taken = sink_(bytes);
      sink_failed_ = !taken;
      if (!taken) return taken;
    }
    if (longer)
      return fail(Code::kInvalid,
                  "size mismatch: more than the expected " + std::to_string(descriptor_.size) + " bytes came");
    return {};
  }

  Result<void> finish() {
    if (skip_hash_) return {};
    const Digest digest = hash_.finish();
    if (digest == descriptor_.digest) return {};
    return fail(Code::kInvalid, "digest mismatch: what came is " + digest.text());
  }

 private:
  const oci::Descriptor& descriptor_;
  const Client::Sink& sink_;
  const bool skip_hash_;
  Sha256 hash_;
  std::int64_t done_ = 0, skip_ = 0;
  bool sink_failed_ = false;
};

}  // namespace

struct Client::Impl {
  std::string domain;
  ClientOptions options;
  RegistriesConf conf;
  std::mutex mutex;
  std::map<std::pair<std::string, bool>, std::unique_ptr<Origin>> origins;  // by domain and mirror; never removed

  Result<Origin*> origin(const Endpoint& endpoint, bool mirror) {
    std::lock_guard lock(mutex);
    auto& slot = origins[{endpoint.domain, mirror}];
    if (slot == nullptr) {
      ClientOptions own = options;
      // --creds are for the registry that was named, not for its mirrors.
      if (mirror) own.creds.clear();
      TRY_SET(slot, Origin::open(endpoint.domain, own, endpoint.insecure));
    }
    return slot.get();
  }

  // Asks the mirrors and then the registry itself; the error is the last one's.
  Result<HttpAnswer> get(Ask ask, bool by_digest, const std::function<bool()>& is_final) {
    const std::string path = ask.path;
    TRY(check_path(path));
    TRY(check_path(ask.what));
    TRY_SET(const auto endpoints, conf.endpoints(domain, path, by_digest));
    for (std::size_t i = 0;; ++i) {
      const bool last = i + 1 == endpoints.size();
      auto host = origin(endpoints[i], !last);
      ask.path = endpoints[i].path;
      Result<HttpAnswer> answer = host ? (*host)->get(ask) : Result<HttpAnswer>(std::move(host).error());
      if (answer || last || is_final()) return answer;
    }
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::open(const std::string& domain, const ClientOptions& options) {
  TRY(check_host(domain));
  if (!options.authfile.empty() && !path_exists(options.authfile))
    return fail(Code::kNotFound, "reading credentials: " + options.authfile + ": no such file");
  auto impl = std::make_unique<Impl>();
  impl->domain = domain;
  impl->options = options;
  TRY_SET(impl->conf, RegistriesConf::load());
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Result<FetchedManifest> Client::manifest(const std::string& path, const std::string& reference) {
  const std::string what = "reading manifest " + oci::printable(reference, 140) + " in " + impl_->domain + "/" + path;
  const bool by_digest = reference.find(':') != std::string::npos;
  if (by_digest) {
    if (auto digest = Digest::parse(reference); !digest) return std::move(digest).error().within(what);
  }
  Ask ask;
  ask.path = path;
  ask.what = "manifests/" + reference;
  ask.accept = accepted_manifests();
  ask.body_limit = static_cast<std::size_t>(oci::kMaxManifestBytes);
  auto answer = impl_->get(std::move(ask), by_digest, [] { return false; });
  if (!answer) return std::move(answer).error().within(what);
  auto manifest = verified(std::move(*answer), reference);
  if (!manifest) return std::move(manifest).error().within(what);
  return manifest;
}

Result<void> Client::blob(const std::string& path, const oci::Descriptor& descriptor, const Sink& sink,
                          bool skip_hash) {
  const std::string what = "reading blob " + descriptor.digest.text() + " in " + impl_->domain + "/" + path;
  BlobTransfer transfer(descriptor, sink, skip_hash);
  Ask ask;
  ask.path = path;
  ask.what = "blobs/" + descriptor.digest.text();
  ask.on_head = [&](const HttpHead& head) { return transfer.begin(head); };
  ask.on_data = [&](std::string_view bytes) { return transfer.data(bytes); };
  ask.done = &transfer.done();
  ask.total = descriptor.size;
  auto answer =
      impl_->get(std::move(ask), true, [&] { return transfer.sink_failed() || transfer.done() == descriptor.size; });
  if (!answer) return transfer.sink_failed() ? std::move(answer).error() : std::move(answer).error().within(what);
  if (auto good = transfer.finish(); !good) return std::move(good).error().within(what);
  return {};
}

}  // namespace creel::registry
