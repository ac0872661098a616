#include "registry/url.h"

#include <curl/curl.h>

#include <cctype>

namespace creel::registry {

namespace {
struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};
}  // namespace

struct Url::Impl {
  CURLU* url = curl_url();
  bool valid = false;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { curl_url_cleanup(url); }
  [[nodiscard]] std::string part(CURLUPart which, unsigned int flags) const {
    char* raw = nullptr;
    if (curl_url_get(url, which, &raw, flags) != CURLUE_OK || raw == nullptr) return {};
    std::unique_ptr<char, FreeText> owned(raw);
    return raw;
  }
};

Url::Url(const std::string& text) : impl_(std::make_unique<Impl>()) {
  impl_->valid = curl_url_set(impl_->url, CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
}
Url::~Url() = default;
Url::Url(Url&&) noexcept = default;
Url& Url::operator=(Url&&) noexcept = default;

bool Url::follow(const std::string& location) {
  impl_->valid = curl_url_set(impl_->url, CURLUPART_URL, location.c_str(), 0) == CURLUE_OK;
  curl_url_set(impl_->url, CURLUPART_USER, nullptr, 0);
  curl_url_set(impl_->url, CURLUPART_PASSWORD, nullptr, 0);
  return impl_->valid;
}

void Url::add_query(const std::string& key, const std::string& value) {
  curl_url_set(impl_->url, CURLUPART_QUERY, (key + "=" + value).c_str(), CURLU_APPENDQUERY | CURLU_URLENCODE);
}

bool Url::valid() const {
  return impl_->valid && (scheme() == "https" || scheme() == "http");
}
std::string Url::scheme() const {
  return impl_->part(CURLUPART_SCHEME, 0);
}
std::string Url::text() const {
  return impl_->part(CURLUPART_URL, 0);
}
std::string Url::host() const {
  std::string host = impl_->part(CURLUPART_HOST, 0);
  for (char& c : host) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return host + ":" + impl_->part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
}
std::string Url::origin() const {
  return scheme() + "://" + host();
}

}  // namespace creel::registry
