#include "storage/partial.h"

#include <fcntl.h>

#include <cstdio>

#include "base/file.h"

namespace creel::storage {

Result<Fd> open_partials(Store& store) {
  TRY(store.make_writable());
  return open_file(store.paths().staging(), O_RDONLY | O_DIRECTORY);
}

std::string partial_name(const Digest& digest) {
  return digest.hex() + ".part";
}

Result<void> publish_partial(Store& store, const Digest& digest) {
  const std::string target = store.paths().blob(digest.hex());
  if (rename((store.paths().staging() + "/" + partial_name(digest)).c_str(), target.c_str()) != 0)
    return errno_error("publishing " + target);
  return {};
}

}  // namespace creel::storage
