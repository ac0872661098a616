#include "registry/client.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "registry/encoding.h"
#include "registry/host.h"
#include "registry/oci/json.h"
#include "registry/origin.h"
#include "registry/registries_conf.h"
#include "registry/sha256.h"
#include "registry/upload.h"
#include "registry/url.h"

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
  BlobTransfer(const oci::Descriptor& descriptor, const Client::Sink& sink, bool skip_hash, std::int64_t from)
      : descriptor_(descriptor), sink_(sink), skip_hash_(skip_hash), done_(from) {}

  const std::int64_t& done() const { return done_; }
  bool& no_range() { return no_range_; }
  bool sink_failed() const { return sink_failed_; }

  Result<void> begin(const HttpHead& head) {
    skip_ = 0;
    std::int64_t start = 0;
    if (head.status == 206) {
      // "bytes 100-199/200"
      const Cut range = cut(cut(head.field("content-range"), ' ').after, '/');
      const Cut bounds = cut(range.before, '-');
      const auto first = parse_int(bounds.before, "Content-Range"), last = parse_int(bounds.after, "Content-Range");
      const bool whole = range.after == "*" || range.after == std::to_string(descriptor_.size);
      if (!first || !last || *first < 0 || *first > done_ || *last + 1 != descriptor_.size || !whole) {
        no_range_ = true;
        return fail(Code::kInvalid, "another range came than was asked for");
      }
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
  std::int64_t done_, skip_ = 0;
  bool sink_failed_ = false;
  bool no_range_ = false;
};

std::vector<std::string> strings_of(const std::string& body, const char* key) {
  constexpr std::size_t kMaxName = 512;
  std::vector<std::string> out;
  const auto document = oci::parse_json(body);
  const auto* list = oci::member(document, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& one : *list) {
    // Longer ones are no names, and thousands of them would fill the memory.
    if (one.is_string() && one.get_ref<const std::string&>().size() <= kMaxName) out.push_back(one.get<std::string>());
  }
  return out;
}

// RFC 8288: "</v2/x/tags/list?last=b&n=100>; rel="next"". Empty: this was the last page.
std::string next_page(const HttpAnswer& answer) {
  const std::string link = answer.head.field("link");
  const std::size_t open = link.find('<'), close = link.find('>');
  if (open != 0 || close == std::string::npos || link.find("next", close) == std::string::npos) return {};
  Url url(answer.url);
  const std::string origin = url.origin();
  if (!url.follow(link.substr(1, close - 1)) || !url.valid() || url.origin() != origin) return {};
  return url.text();
}

}  // namespace

struct Client::Impl {
  std::string domain;
  ClientOptions options;
  RegistriesConf conf;
  std::mutex mutex;
  std::map<std::pair<std::string, bool>, std::unique_ptr<Origin>> origins;  // by domain and mirror; never removed
  std::map<std::pair<std::string, Digest>, std::string> begun;  // uploads instead of mounts: addresses by path, digest

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

  // Where `path` is written to; it becomes the path there. Empty: the registry as a whole.
  Result<Origin*> target(std::string& path) {
    if (!path.empty()) TRY(check_path(path));
    TRY_SET(const auto endpoints, conf.endpoints(domain, path, false));
    path = endpoints.back().path;
    return origin(endpoints.back(), false);
  }

  // Page after page, until `take` has enough.
  Result<void> pages(Ask ask, const std::function<Result<bool>(const HttpAnswer& page)>& take) {
    constexpr int kMaxPages = 1000;
    std::string path = ask.path;
    TRY_SET(Origin * host, target(path));
    ask.path = ask.scope.path = path;
    ask.body_limit = 8 << 20;
    for (int page = 0; page < kMaxPages; ++page) {
      TRY_SET(const HttpAnswer answer, host->get(ask));
      TRY_SET(const bool enough, take(answer));
      ask.url = next_page(answer);
      if (enough || ask.url.empty()) break;
    }
    return {};
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
      ask.path = ask.scope.path = endpoints[i].path;
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
  if (auto open = impl_->conf.check_blocked(impl_->domain + "/" + path + (by_digest ? "@" : ":") + reference); !open)
    return std::move(open).error().within(what);
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

Result<void> Client::blob(const std::string& path, const oci::Descriptor& descriptor, const Sink& sink, bool skip_hash,
                          std::int64_t from) {
  const std::string what = "reading blob " + descriptor.digest.text() + " in " + impl_->domain + "/" + path;
  BlobTransfer transfer(descriptor, sink, skip_hash, from);
  if (from == descriptor.size && from > 0) return {};
  Ask ask;
  ask.path = path;
  ask.what = "blobs/" + descriptor.digest.text();
  ask.on_head = [&](const HttpHead& head) { return transfer.begin(head); };
  ask.on_data = [&](std::string_view bytes) { return transfer.data(bytes); };
  ask.done = &transfer.done();
  ask.total = descriptor.size;
  ask.no_range = &transfer.no_range();
  auto answer =
      impl_->get(std::move(ask), true, [&] { return transfer.sink_failed() || transfer.done() == descriptor.size; });
  if (!answer) return transfer.sink_failed() ? std::move(answer).error() : std::move(answer).error().within(what);
  if (auto good = transfer.finish(); !good) return std::move(good).error().within(what);
  return {};
}

Result<std::vector<std::string>> Client::tags(const std::string& path) {
  constexpr std::size_t kMaxTags = 100'000;
  Ask ask;
  ask.path = path;
  ask.what = "tags/list";
  std::vector<std::string> out;
  auto listed = impl_->pages(std::move(ask), [&](const HttpAnswer& page) -> Result<bool> {
    for (std::string& name : strings_of(page.body, "tags")) out.push_back(std::move(name));
    return out.size() >= kMaxTags;
  });
  if (!listed.ok()) return std::move(listed).error().within("listing the tags of " + impl_->domain + "/" + path);
  return out;
}

Result<std::vector<oci::Referrer>> Client::referrers(const std::string& path, const Digest& subject) {
  const std::string what = "listing what refers to " + subject.text() + " in " + impl_->domain + "/" + path;
  constexpr std::size_t kMaxBytes = 32 << 20;
  std::vector<oci::Referrer> out;
  std::size_t bytes = 0;
  Ask ask;
  ask.path = path;
  ask.what = "referrers/" + subject.text();
  ask.accept = oci::kOciIndex;
  auto listed = impl_->pages(std::move(ask), [&](const HttpAnswer& page) -> Result<bool> {
    TRY_SET(std::vector<oci::Referrer> some, oci::parse_referrers(page.body));
    bytes += page.body.size();
    for (oci::Referrer& one : some) {
      if (out.size() < oci::kMaxReferrers) out.push_back(std::move(one));
    }
    // An empty page is no reason to ask for another.
    return some.empty() || out.size() >= oci::kMaxReferrers || bytes > kMaxBytes;
  });
  if (listed.ok()) return out;
  if (listed.error().code != Code::kNotFound) return std::move(listed).error().within(what);
  auto tagged = manifest(path, oci::referrers_tag(subject));
  if (!tagged.ok()) {
    if (tagged.error().code == Code::kNotFound) return out;
    return std::move(tagged).error().within(what);
  }
  auto some = oci::parse_referrers(tagged->text);
  if (!some.ok()) return std::move(some).error().within(what);
  return some;
}

Result<std::vector<Found>> Client::search(const std::string& term, std::int64_t limit) {
  const std::string what = "searching " + impl_->domain + " for \"" + oci::printable(term, 100) + "\"";
  std::vector<Found> out;
  if (!term.empty()) {
    std::string none;
    auto host =
        impl_->domain == "docker.io" ? impl_->origin({"index.docker.io", {}, false}, false) : impl_->target(none);
    if (!host) return std::move(host).error().within(what);
    Ask ask;
    ask.what = "/v1/search?q=" + percent_encode(term) + "&n=" + std::to_string(limit);
    ask.body_limit = 8 << 20;
    auto answer = (*host)->get(ask);
    if (answer) {
      const auto document = oci::parse_json(answer->body);
      const auto* results = oci::member(document, "results");
      if (results != nullptr && results->is_array()) {
        for (const auto& one : *results) {
          const auto flag = [&](const char* key) {
            const auto* value = oci::member(one, key);
            return value != nullptr && value->is_boolean() && value->get<bool>();
          };
          out.push_back({oci::printable(oci::string_member(one, "name")),
                         oci::printable(oci::string_member(one, "description"), 1000),
                         oci::int_member(one, "star_count").value_or(0), flag("is_official"), flag("is_automated")});
        }
        return out;
      }
    }
    const bool unreachable = !answer && answer.error().code == Code::kUnavailable;
    if (unreachable || impl_->domain == "docker.io") {
      if (!answer) return std::move(answer).error().within(what);
      return fail(Code::kInvalid, what + ": the answer is malformed");
    }
  }
  Ask ask;
  ask.what = "_catalog?n=1000";
  auto listed = impl_->pages(std::move(ask), [&](const HttpAnswer& page) -> Result<bool> {
    for (const std::string& name : strings_of(page.body, "repositories")) {
      if (std::ssize(out) >= limit) return true;
      if (name.find(term) != std::string::npos) out.push_back({oci::printable(name), {}, 0, false, false});
    }
    return std::ssize(out) >= limit;
  });
  if (!listed.ok()) return std::move(listed).error().within(what);
  return out;
}

Result<void> Client::check_login() {
  std::string path;
  TRY_SET(Origin * host, impl_->target(path));
  TRY(host->get({}));
  return {};
}

Result<bool> Client::has_blob(const std::string& path, const Digest& digest) {
  Ask ask;
  ask.path = path;
  TRY_SET(Origin * host, impl_->target(ask.path));
  ask.scope = {ask.path, true, {}};
  ask.method = "HEAD";
  ask.what = "blobs/" + digest.text();
  auto answer = host->get(ask);
  if (answer) return true;
  if (answer.error().code == Code::kNotFound) return false;
  return std::move(answer).error().within("asking for blob " + digest.text() + " in " + impl_->domain + "/" + path);
}

Result<bool> Client::mount(const std::string& path, const Digest& digest, const std::string& from) {
  Ask ask;
  ask.path = path;
  std::string source = from;
  TRY_SET(Origin * there, impl_->target(source));
  TRY_SET(Origin * host, impl_->target(ask.path));
  if (there != host) return false;
  ask.scope = {ask.path, true, source};
  ask.method = "POST";
  ask.what = "blobs/uploads/?mount=" + percent_encode(digest.text()) + "&from=" + percent_encode(source);
  ask.text.emplace();
  // A token that cannot be had for both is no reason to fail: the upload says what is wrong, if anything is.
  const auto answer = host->once(ask);
  if (!answer.ok() || answer->kind != HttpAnswer::Kind::kAnswered) return false;
  if (answer->head.status == 201) return true;
  if (answer->head.status == 202) {
    const std::lock_guard lock(impl_->mutex);
    impl_->begun[{path, digest}] = upload_location(*answer);
  }
  return false;
}

Result<void> Client::upload(const std::string& path, const oci::Descriptor& descriptor, const archive::Member& bytes,
                            const std::function<void(std::int64_t)>& on_sent) {
  const std::string what = "writing blob " + descriptor.digest.text() + " to " + impl_->domain + "/" + path;
  std::string target = path, begun;
  auto host = impl_->target(target);
  if (!host) return std::move(host).error().within(what);
  {
    const std::lock_guard lock(impl_->mutex);
    if (auto found = impl_->begun.extract({path, descriptor.digest}); !found.empty()) begun = found.mapped();
  }
  auto sent = Upload(**host, target, descriptor, bytes, on_sent).run(std::move(begun));
  if (!sent) return std::move(sent).error().within(what);
  return {};
}

Result<void> Client::put_manifest(const std::string& path, const std::string& reference, const std::string& text,
                                  const std::string& media_type) {
  const std::string what = "writing manifest " + oci::printable(reference, 140) + " to " + impl_->domain + "/" + path;
  Ask ask;
  ask.path = path;
  TRY(check_path(reference));
  TRY_SET(Origin * host, impl_->target(ask.path));
  ask.scope = {ask.path, true, {}};
  ask.method = "PUT";
  ask.what = "manifests/" + reference;
  ask.text = text;
  ask.content_type = media_type;
  auto answer = host->get(ask);
  if (!answer) return std::move(answer).error().within(what);
  const std::string told = answer->head.field("docker-content-digest"), own = Sha256::of(text).text();
  if (told.starts_with("sha256:") && told != own)
    return fail(Code::kInvalid, what + ": the registry made " + oci::printable(told, 100) + " of " + own);
  const auto subject = oci::subject_of(text);
  if (!subject || !answer->head.field("oci-subject").empty()) return {};
  TRY_SET(const Digest digest, Digest::parse(own));
  return refer(path, *subject, oci::describe_referrer(text, media_type, digest));
}

Result<void> Client::refer(const std::string& path, const oci::Descriptor& subject, const oci::Referrer& referrer) {
  const std::string tag = oci::referrers_tag(subject.digest);
  // Nobody locks that tag: who finds afterwards that another has won goes on.
  constexpr int kMostTries = 5;
  for (int tries = 0; tries < kMostTries; ++tries) {
    // Of the registry itself: what a mirror has may be older, and entries would be lost.
    Ask ask;
    ask.path = path;
    TRY_SET(Origin * host, impl_->target(ask.path));
    ask.scope = {ask.path, true, {}};
    ask.what = "manifests/" + tag;
    ask.accept = oci::kOciIndex;
    ask.body_limit = static_cast<std::size_t>(oci::kMaxManifestBytes);
    auto known = host->get(ask);
    if (!known.ok() && known.error().code != Code::kNotFound) return std::move(known).error();
    const std::string before = known.ok() ? known->body : std::string();
    auto after = oci::with_referrer(before, referrer);
    if (!after.ok()) return std::move(after).error().within("adding to the referrers in " + impl_->domain + "/" + path);
    if (*after == before) return {};
    TRY(put_manifest(path, tag, *after, oci::kOciIndex));
  }
  return fail(Code::kInUse,
              "adding to the referrers in " + impl_->domain + "/" + path + ": others change them all the time");
}

}  // namespace creel::registry
