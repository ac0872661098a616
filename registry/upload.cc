#include "registry/upload.h"

#include <algorithm>
#include <thread>

#include "base/text.h"
#include "registry/answer_error.h"
#include "registry/retry.h"
#include "registry/url.h"

namespace creel::registry {

namespace {

using Kind = HttpAnswer::Kind;

// One request instead of two is worth more than what is lost when it breaks.
constexpr std::int64_t kMonolithic = 4 << 20;
// Where a proxy in front of the registry takes no large requests.
constexpr std::int64_t kPiece = 16 << 20;
constexpr std::int64_t kWorthwhile = 1 << 20;
constexpr const char* kBytes = "application/octet-stream";

bool answered(const HttpAnswer& answer, std::initializer_list<int> statuses) {
  return answer.kind == Kind::kAnswered &&
         std::find(statuses.begin(), statuses.end(), answer.head.status) != statuses.end();
}

// "0-499", also "bytes=0-499": 500. Nothing is told as "0-0" by some, as no field by others.
std::int64_t taken(const HttpAnswer& answer) {
  const std::string range = answer.head.field("range");
  const auto last = parse_int(range.substr(range.find('-') + 1), "Range");
  return last && *last > 0 ? *last + 1 : 0;
}

}  // namespace

std::string upload_location(const HttpAnswer& answer) {
  const std::string location = answer.head.field("location");
  Url url(answer.url);
  if (location.empty() || !url.follow(location) || !url.valid()) return {};
  return url.text();
}

Upload::Upload(Origin& origin, std::string path, const oci::Descriptor& blob, const archive::Member& bytes,
               std::function<void(std::int64_t)> on_sent)
    : origin_(origin),
      path_(std::move(path)),
      blob_(blob),
      bytes_(bytes),
      on_sent_(std::move(on_sent)),
      piece_(bytes.size) {}

// `size` bytes from done_ on go with it; 0: an empty body, but for GET and HEAD.
HttpAnswer Upload::ask(const char* method, const std::string& url, bool with_digest, std::int64_t size) {
  Ask ask;
  ask.scope = {path_, true, {}};
  ask.method = method;
  ask.path = path_;
  if (url.empty()) {
    ask.what = "blobs/uploads/";
  } else {
    Url with(url);
    if (with_digest) with.add_query("digest", blob_.digest.text());
    ask.url = with.text();
  }
  if (size > 0) {
    ask.body = archive::Member{bytes_.file, bytes_.offset + done_, size};
    ask.content_type = kBytes;
    if (on_sent_) ask.on_sent = [this](std::int64_t sent) { on_sent_(done_ + sent); };
  } else if (ask.method != "GET" && ask.method != "HEAD") {
    ask.text.emplace();
    ask.content_type = kBytes;
  }
  if (ask.method == "PATCH") ask.content_range = std::to_string(done_) + "-" + std::to_string(done_ + size - 1);
  auto answer = origin_.once(ask);
  if (answer) return std::move(*answer);
  HttpAnswer failed;
  failed.kind = Kind::kInvalid;
  failed.error = std::move(answer).error();
  return failed;
}

bool Upload::moved_to(const HttpAnswer& answer) {
  if (std::string location = upload_location(answer); !location.empty()) location_ = std::move(location);
  return !location_.empty();
}

Upload::Step Upload::begin(HttpAnswer& answer) {
  done_ = 0;
  resumed_ = false;
  answer = ask("POST", {}, false, 0);
  if (answered(answer, {201, 202}) && moved_to(answer)) return Step::kAgain;
  return Step::kFailed;
}

Upload::Step Upload::send_part(HttpAnswer& answer) {
  const std::int64_t size = std::min(piece_, bytes_.size - done_);
  answer = ask("PATCH", location_, false, size);
  if (answered(answer, {413}) && piece_ > kPiece) {
    piece_ = kPiece;
    return Step::kAgain;
  }
  if (!answered(answer, {200, 201, 202, 204})) return Step::kFailed;
  moved_to(answer);
  const std::int64_t now = taken(answer);
  done_ = now > done_ && now < done_ + size ? now : done_ + size;
  return Step::kAgain;
}

Upload::Step Upload::close(HttpAnswer& answer) {
  answer = ask("PUT", location_, true, bytes_.size - done_);
  if (answered(answer, {200, 201, 202, 204})) return Step::kDone;
  // It takes no such request as a whole.
  if (answered(answer, {413}) && done_ < bytes_.size) return send_part(answer);
  return Step::kFailed;
}

Upload::Step Upload::step(HttpAnswer& answer) {
  if (location_.empty()) return begin(answer);
  const bool small = done_ == 0 && bytes_.size <= kMonolithic;
  return done_ == bytes_.size || small ? close(answer) : send_part(answer);
}

bool Upload::there() {
  Ask ask;
  ask.scope = {path_, true, {}};
  ask.method = "HEAD";
  ask.path = path_;
  ask.what = "blobs/" + blob_.digest.text();
  const auto answer = origin_.once(ask);
  return answer && answered(*answer, {200});
}

// Where the registry stands; an upload that it knows nothing of is begun anew.
void Upload::find_place() {
  if (location_.empty()) return;
  const HttpAnswer answer = ask("GET", location_, false, 0);
  if (!answered(answer, {200, 202, 204})) {
    location_.clear();
    return;
  }
  moved_to(answer);
  done_ = std::min(taken(answer), bytes_.size);
  resumed_ = true;
}

Result<void> Upload::run(std::string location) {
  location_ = std::move(location);
  std::int64_t before = 0;
  const ClientOptions& options = origin_.options();
  for (Retry retry(options.retries, options.retry_delay_ms);;) {
    HttpAnswer answer;
    const Step how = step(answer);
    if (how == Step::kDone) return {};
    if (how == Step::kAgain) continue;
    // A silent one may have had all of it and be busy with that.
    if (answer.kind == Kind::kStalled) answer.kind = Kind::kLost;
    // Who has lost what it had taken, or counts otherwise, gets it anew.
    if (!location_.empty() && (answered(answer, {404, 416}) || (resumed_ && answered(answer, {400})))) {
      answer.error = answer_error(answer);
      answer.kind = Kind::kLost;
    }
    if (done_ - before >= kWorthwhile) retry = Retry(options.retries, options.retry_delay_ms);
    before = done_;
    const auto wait = retry.after(answer);
    if (!wait) {
      if (answered(answer, {201, 202}))
        return fail(Code::kInvalid, "the registry began an upload and did not say where");
      return answer.kind == Kind::kAnswered ? answer_error(answer) : std::move(answer.error);
    }
    std::this_thread::sleep_for(*wait);
    const bool begun = !location_.empty();
    find_place();
    if (begun && location_.empty() && there()) return {};
  }
}

}  // namespace creel::registry
