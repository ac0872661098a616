#include "registry/http.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "base/file.h"
#include "base/text.h"
#include "registry/oci/json.h"
#include "registry/proxy.h"
#include "registry/url.h"

namespace creel::registry {

namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kMaxHeaderBytes = 256 << 10;
constexpr std::size_t kMaxErrorBody = 64 << 10;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using List = std::unique_ptr<curl_slist, FreeList>;

// One hop's transfer; libcurl calls back on the thread that performs it.
struct Transfer {
  const HttpRequest& request;
  HttpAnswer& answer;
  std::size_t header_bytes = 0;
  bool begun = false;     // the head is complete: what comes after the body (trailers) changes nothing
  bool delivers = false;  // the body goes to the caller
  bool cut = false;       // an error's body was longer than anybody reads
  std::optional<Error> stopped;
  bool too_large = false;
  std::int64_t sent = 0;  // of request.body

  bool header(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > kMaxHeaderBytes) {
      too_large = true;
      return false;
    }
    if (begun) return true;
    line = trim(line);
    HttpHead& head = answer.head;
    if (line.starts_with("HTTP/")) {
      head = {};
      const auto blank = line.find(' ');
      head.status = blank == std::string_view::npos ? 0 : std::atoi(std::string(line.substr(blank, 4)).c_str());
      return true;
    }
    if (line.empty()) return head.status < 200 || begin();
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    head.fields.emplace_back(std::move(name), std::string(trim(line.substr(colon + 1))));
    return true;
  }

  bool begin() {
    begun = true;
    delivers = request.on_data && (answer.head.status == 200 || answer.head.status == 206);
    if (!delivers || !request.on_head) return true;
    return keep(request.on_head(answer.head));
  }

  bool data(std::string_view bytes) {
    if (delivers) return keep(request.on_data(bytes));
    const bool good = answer.head.status >= 200 && answer.head.status < 300;
    const std::size_t limit = good ? request.body_limit : kMaxErrorBody;
    const std::size_t room = limit - answer.body.size();
    answer.body.append(bytes.substr(0, room));
    if (bytes.size() <= room) return true;
    (good ? too_large : cut) = true;
    return false;
  }

  std::size_t give(char* buffer, std::size_t room) {
    const archive::Member& body = *request.body;
    const auto wanted =
        static_cast<std::size_t>(std::min<std::int64_t>(body.size - sent, static_cast<std::int64_t>(room)));
    for (;;) {
      const ssize_t got = wanted == 0 ? 0 : ::pread(body.file->get(), buffer, wanted, body.offset + sent);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) stopped = errno_error("reading what is to be sent");
      if (got == 0 && wanted > 0) stopped = fail(Code::kFailed, "reading what is to be sent: the file ends early");
      if (stopped) return CURL_READFUNC_ABORT;
      sent += got;
      if (request.on_sent) request.on_sent(sent);
      return static_cast<std::size_t>(got);
    }
  }

  bool keep(Result<void> result) {
    if (!result) stopped = std::move(result).error();
    return result.ok();
  }
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return static_cast<Transfer*>(self)->header({data, bytes}) ? bytes : 0;
}
std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return static_cast<Transfer*>(self)->data({data, bytes}) ? bytes : 0;
}

std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->give(buffer, size * count);
}
// libcurl would begin a body anew by itself when a connection that it kept open breaks. How much of it has arrived is
// for the caller to find out.
int on_seek(void* self, curl_off_t offset, int origin) {
  const bool untouched = origin == SEEK_SET && offset == 0 && static_cast<Transfer*>(self)->sent == 0;
  return untouched ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

// What libcurl trusts by itself: an own bundle replaces it, so that ours must hold it too.
std::string system_authorities(CURL* easy) {
  const char* file = std::getenv("SSL_CERT_FILE");
#if LIBCURL_VERSION_NUM >= 0x075400
  char* built_in = nullptr;
  if (file == nullptr && curl_easy_getinfo(easy, CURLINFO_CAINFO, &built_in) == CURLE_OK) file = built_in;
#endif
  if (file == nullptr) file = "/etc/ssl/certs/ca-certificates.crt";
  auto text = read_file(file);
  return text ? *text + "\n" : std::string();
}

std::string certs_dir(const std::string& host) {
  return "~/.config/containers/certs.d/" + host;
}

std::string lower_first(std::string text) {
  // "SSL certificate problem" and "OpenSSL" stay, "Connection refused" does not.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0 && !text.starts_with("OpenSSL"))
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

std::string HttpHead::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

struct Http::Impl {
  HttpSettings settings;
  std::string authorities;  // PEM; empty: libcurl's own
  std::mutex mutex;
  std::vector<Easy> idle;  // each with the connections it has open

  Easy lease() {
    std::lock_guard lock(mutex);
    if (idle.empty()) return Easy(curl_easy_init());
    Easy easy = std::move(idle.back());
    idle.pop_back();
    return easy;
  }
  void give_back(Easy easy) {
    curl_easy_reset(easy.get());
    std::lock_guard lock(mutex);
    idle.push_back(std::move(easy));
  }

  void set_up(CURL* easy, const HttpRequest& request, const Url& url) const;
  void hop(CURL* easy, const HttpRequest& request, const Url& url, bool authorized, HttpAnswer& answer) const;
};

void Http::Impl::set_up(CURL* easy, const HttpRequest& request, const Url& url) const {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(easy, CURLOPT_URL, url.text().c_str());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "creel/" CREEL_VERSION);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings.connect_timeout_s));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.stall_timeout_s));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Ours, not libcurl's reading of the environment.
  curl_easy_setopt(easy, CURLOPT_PROXY, proxy_for(url.scheme(), url.host()).c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  if (request.offset > 0) curl_easy_setopt(easy, CURLOPT_RANGE, (std::to_string(request.offset) + "-").c_str());
  if (request.text) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.text->size()));
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request.text->c_str());
  } else if (request.body) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body->size));
  }
  if (request.method == "HEAD")
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  else if (!request.method.empty())
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (url.scheme() != "https") return;
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings.verify) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!authorities.empty()) {
    curl_blob blob{const_cast<char*>(authorities.data()), authorities.size(), CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (!settings.tls.client_cert.empty() && url.origin() == Url("https://" + settings.own_host).origin()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, settings.tls.client_cert.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, settings.tls.client_key.c_str());
  }
}

void Http::Impl::hop(CURL* easy, const HttpRequest& request, const Url& url, bool authorized,
                     HttpAnswer& answer) const {
  using Kind = HttpAnswer::Kind;
  set_up(easy, request, url);
  curl_slist* raw = curl_slist_append(nullptr, "Expect:");
  if (!request.accept.empty()) raw = curl_slist_append(raw, ("Accept: " + request.accept).c_str());
  if (authorized && !request.authorization.empty())
    raw = curl_slist_append(raw, ("Authorization: " + request.authorization).c_str());
  if (!request.content_type.empty()) raw = curl_slist_append(raw, ("Content-Type: " + request.content_type).c_str());
  if (!request.content_range.empty()) raw = curl_slist_append(raw, ("Content-Range: " + request.content_range).c_str());
  List headers(raw);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  Transfer transfer{request, answer};
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  if (request.body) {
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
  }
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);

  const CURLcode code = curl_easy_perform(easy);
  if (transfer.stopped) {
    answer.kind = Kind::kStopped;
    answer.error = std::move(*transfer.stopped);
    return;
  }
  if (code == CURLE_OK || transfer.cut) {
    answer.kind = Kind::kAnswered;
    return;
  }
  auto failed = [&](Kind kind, Code what, const std::string& text) {
    answer.kind = kind;
    answer.error = fail(what, oci::printable(text));
  };
  if (transfer.too_large) return failed(Kind::kInvalid, Code::kInvalid, "the answer is too large");
  const std::string told = lower_first(detail[0] != '\0' ? detail : curl_easy_strerror(code));
  long os_error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
  // TLS 1.3 servers tell only after the handshake that they want a certificate, or another one.
  if (code != CURLE_SSL_CONNECT_ERROR && told.find(" alert ") != std::string::npos) {
    failed(Kind::kTls, Code::kUnavailable, "TLS with " + url.host() + ": " + told);
    if (told.find("certificate") != std::string::npos)
      answer.error.hint =
          "it wants a client certificate: client.cert and client.key in " + certs_dir(settings.own_host);
    return;
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return failed(Kind::kUnreachable, Code::kUnavailable, told);
    case CURLE_COULDNT_CONNECT:
      return failed(Kind::kUnreachable, Code::kUnavailable,
                    "connect to " + url.host() + ": " +
                        (os_error == 0 ? told : lower_first(std::strerror(static_cast<int>(os_error)))));
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t connected = 0;
      curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
      if (connected == 0)
        return failed(Kind::kUnreachable, Code::kUnavailable, "connect to " + url.host() + ": timed out");
      return failed(Kind::kStalled, Code::kUnavailable,
                    url.host() + " sent nothing for " + std::to_string(settings.stall_timeout_s) + " s");
    }
    case CURLE_SSL_CONNECT_ERROR:
      if (told.find("wrong version number") != std::string::npos) {
        failed(Kind::kHandshake, Code::kUnavailable, url.host() + " does not speak TLS");
        answer.error.hint = "for a registry that is meant to be plain HTTP: --tls-verify=false";
        return;
      }
      return failed(Kind::kHandshake, Code::kUnavailable, "TLS with " + url.host() + ": " + told);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      failed(Kind::kTls, Code::kUnavailable, "TLS with " + url.host() + ": " + told);
      if (code == CURLE_PEER_FAILED_VERIFICATION)
        answer.error.hint = "put the authority's certificate into " + certs_dir(settings.own_host) + "/ca.crt";
      return;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return failed(Kind::kLost, Code::kUnavailable, "the connection to " + url.host() + " was lost: " + told);
    default:
      return failed(Kind::kInvalid, Code::kUnavailable, url.host() + ": " + told);
  }
}

Http::Http(HttpSettings settings) : impl_(std::make_unique<Impl>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_ALL); });
  impl_->settings = std::move(settings);
  if (!impl_->settings.tls.authorities.empty() || std::getenv("SSL_CERT_FILE") != nullptr) {
    Easy easy(curl_easy_init());
    impl_->authorities = system_authorities(easy.get()) + impl_->settings.tls.authorities;
  }
}

Http::~Http() = default;

HttpAnswer Http::perform(const HttpRequest& request) {
  using Kind = HttpAnswer::Kind;
  HttpAnswer answer;
  auto invalid = [&](const std::string& text) {
    answer.kind = Kind::kInvalid;
    answer.error = fail(Code::kInvalid, text);
    return std::move(answer);
  };
  Url url(request.url);
  if (!url.valid()) return invalid("malformed URL " + oci::printable(request.url));
  const std::string origin = url.origin();
  bool authorized = true;
  for (int hops = 0; hops <= kMaxRedirects; ++hops) {
    answer = {};
    Easy easy = impl_->lease();
    if (easy == nullptr) return invalid("libcurl has no memory");
    impl_->hop(easy.get(), request, url, authorized, answer);
    impl_->give_back(std::move(easy));
    const int status = answer.head.status;
    const std::string location = answer.head.field("location");
    answer.url = url.text();
    // What sends something is redirected only by a status that says: the same again, there. Tokens are for nobody else.
    const bool moved = status == 301 || status == 302 || status == 303;
    const bool reads = !request.text && !request.body && (request.method.empty() || request.method == "HEAD");
    const bool redirect = status == 307 || status == 308 || (moved && reads);
    if (answer.kind != Kind::kAnswered || !redirect || location.empty() || request.stays) return answer;
    const std::string before = url.scheme();
    if (!url.follow(location) || !url.valid())
      return invalid("redirected to the malformed URL " + oci::printable(location));
    if (before == "https" && url.scheme() == "http" && impl_->settings.verify)
      return invalid("redirected from HTTPS to plain HTTP at " + oci::printable(url.host()));
    // Once elsewhere, whoever sends us back does so with a request of their making.
    if (url.origin() != origin) authorized = false;
  }
  return invalid("more than " + std::to_string(kMaxRedirects) + " redirects");
}

}  // namespace creel::registry
