#include "engine/image/transfer/pushed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace creel::engine::transfer {

namespace {

// A file of that size is begun anew.
constexpr off_t kMost = 1 << 20;

}  // namespace

void remember_pushed(const std::string& file, const Pushed& what) {
  if (what.blobs.empty()) return;
  struct stat info {};
  if (stat(file.c_str(), &info) == 0 && info.st_size > kMost) unlink(file.c_str());
  std::string line = what.repository;
  for (const Digest& blob : what.blobs) line += " " + blob.text();
  line += '\n';
  auto fd = open_file(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  if (fd.ok()) (void)write_all(fd->get(), line).ok();
}

std::vector<Pushed> remembered_pushes(const std::string& file) {
  std::vector<Pushed> out;
  auto text = read_file(file, 2 * kMost);
  if (!text.ok()) return out;
  for (const std::string& line : split(*text, '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    Pushed one{words[0], {}};
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (auto digest = Digest::parse(words[i]); digest.ok()) one.blobs.push_back(std::move(*digest));
    }
    if (!one.blobs.empty()) out.push_back(std::move(one));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace creel::engine::transfer
