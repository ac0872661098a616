#include "engine/image/transfer/download.h"

#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/transfer/local_source.h"
#include "registry/answer_error.h"
#include "registry/http.h"
#include "registry/oci/json.h"

namespace creel::engine::transfer {

bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

std::string printable_url(const std::string& url) {
  std::string out = url.substr(0, url.find_first_of("?#"));
  const std::size_t host = out.find("://") + 3, path = out.find('/', host);
  const std::size_t at = out.rfind('@', path);
  if (at != std::string::npos && at > host) out.erase(host, at + 1 - host);
  return registry::oci::printable(out);
}

Result<Fd> download(Engine& engine, const std::string& url, Progress& progress) {
  const std::string what = "downloading " + printable_url(url);
  TRY(engine.store(storage::Store::Access::kWrite));
  TRY_SET(Fd file, scratch_file(engine));
  progress.message("Downloading from " + printable_url(url));
  registry::HttpRequest request;
  request.url = url;
  request.on_data = [&](std::string_view bytes) { return write_all(file.get(), bytes); };
  registry::HttpAnswer answer = registry::Http({}).perform(request);
  if (answer.kind != registry::HttpAnswer::Kind::kAnswered) return std::move(answer.error).within(what);
  if (answer.head.status != 200) return registry::answer_error(answer).within(what);
  if (lseek(file.get(), 0, SEEK_SET) != 0) return errno_error(what);
  return file;
}

}  // namespace creel::engine::transfer
