// A file from the web, for what takes one from the disk.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/transfer/transfer.h"

namespace creel::engine::transfer {

// "http://…" and "https://…": what we download().
bool is_url(const std::string& text);
// The same without what may be secret in it: user, password, query. For messages and records.
std::string printable_url(const std::string& url);
// Into a nameless file on the store's disk, to be read from its beginning. Redirects are followed, but not from HTTPS
// to HTTP; proxies are the environment's. A lost connection ends it: nobody vouches that what comes next time is the
// same.
Result<Fd> download(Engine& engine, const std::string& url, Progress& progress);

}  // namespace creel::engine::transfer
