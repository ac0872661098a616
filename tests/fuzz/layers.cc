// Layers: what a tar makes of a directory must stay in it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "registry/archive/layout_index.h"
#include "registry/archive/reader.h"
#include "storage/unpack/unpack.h"
#include "targets.h"

namespace creel::fuzz {

namespace {

// A directory with a neighbour, in which nothing may ever appear.
class Place {
 public:
  Place() {
    char name[] = "/dev/shm/creel-fuzz-XXXXXX";
    must(mkdtemp(name) != nullptr, "no directory");
    path_ = name;
    must(mkdir((path_ + "/tree").c_str(), 0755) == 0 && mkdir((path_ + "/neighbour").c_str(), 0755) == 0, "no room");
  }
  ~Place() {
    const auto entries = list_dir(path_), neighbour = list_dir(path_ + "/neighbour");
    must(entries.ok() && entries->size() == 2 && neighbour.ok() && neighbour->empty(), "a layer wrote outside");
    if (auto parent = open_file("/dev/shm", O_RDONLY | O_DIRECTORY); parent.ok())
      must(remove_tree_at(parent->get(), path_.substr(9)).ok(), "what was unpacked cannot be removed");
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  [[nodiscard]] Fd tree() const {
    auto fd = open_file(path_ + "/tree", O_RDONLY | O_DIRECTORY);
    must(fd.ok(), "no tree");
    return std::move(*fd);
  }

 private:
  std::string path_;
};

void unpack(const std::string& bytes) {
  const Place place;
  const Fd tree = place.tree();
  bool given = false;
  const auto source = [&]() -> Result<std::string_view> {
    const std::string_view out = given ? std::string_view() : std::string_view(bytes);
    given = true;
    return out;
  };
  const auto done = storage::unpack::unpack_layer(source, tree.get(), {});
  if (done.ok()) must(done->blob_size == std::ssize(bytes), "not every byte was hashed");
}

void octal(char* field, std::size_t size, std::uint64_t value) {
  for (std::size_t i = size - 1; i-- > 0; value >>= 3) field[i] = static_cast<char>('0' + (value & 7));
}

// One entry of a ustar archive. Names longer than the field are cut.
void append(std::string& tar, char type, const std::string& name, const std::string& link, const std::string& content) {
  char header[512] = {};
  std::memcpy(header, name.data(), std::min<std::size_t>(name.size(), 100));
  octal(header + 100, 8, type == '5' ? 0755 : 0644);
  octal(header + 108, 8, getuid());
  octal(header + 116, 8, getgid());
  octal(header + 124, 12, content.size());
  octal(header + 136, 12, 0);
  std::memset(header + 148, ' ', 8);
  header[156] = type;
  std::memcpy(header + 157, link.data(), std::min<std::size_t>(link.size(), 100));
  std::memcpy(header + 257, "ustar\00000", 8);
  unsigned sum = 0;
  for (char c : header) sum += static_cast<unsigned char>(c);
  octal(header + 148, 7, sum);
  tar.append(header, sizeof header);
  tar += content;
  tar.resize((tar.size() + 511) / 512 * 512);
}

}  // namespace

void fuzz_tar(const std::string& input) {
  // As root, an archive could make devices: those of this machine.
  if (geteuid() == 0 && input.size() > (1 << 20)) return;
  unpack(input);
}

// Lines are entries: "d NAME", "f NAME", "l NAME TARGET", "h NAME TARGET", "p NAME". A grammar gets deeper into the
// rules of paths, links and whiteouts than bits do.
void fuzz_whiteouts(const std::string& input) {
  std::string tar;
  int entries = 0;
  for (const std::string& line : split(input, '\n')) {
    if (++entries > 100) break;
    if (line.size() < 2) continue;
    const Cut words = cut(std::string_view(line).substr(std::min<std::size_t>(line.size(), 2)), ' ');
    switch (line[0]) {
      case 'd':
        append(tar, '5', words.before, {}, {});
        break;
      case 'l':
        append(tar, '2', words.before, words.after, {});
        break;
      case 'h':
        append(tar, '1', words.before, words.after, {});
        break;
      case 'p':
        append(tar, '6', words.before, {}, {});
        break;
      default:
        append(tar, '0', words.before, {}, words.after);
    }
  }
  tar.append(1024, '\0');
  unpack(tar);
}

void fuzz_archive(const std::string& input) {
  const MemoryFile file(input);
  const MemoryFile spooled("");
  const auto files = registry::archive::open_archive(Fd(dup(file.fd())), "archive",
                                                     [&]() -> Result<Fd> { return Fd(dup(spooled.fd())); });
  if (!files.ok()) return;
  const auto kind = registry::archive::kind_of(**files, "archive");
  if (!kind.ok()) return;
  if (*kind == registry::archive::Kind::kLayout) {
    const auto bytes = registry::archive::read_named(**files, "index.json", 4 << 20, "archive");
    if (!bytes.ok()) return;
    const auto index = registry::archive::LayoutIndex::parse(*bytes);
    if (index.ok()) must(registry::archive::LayoutIndex::parse(index->text()).ok(), "an index is not read back");
    return;
  }
  const auto images = registry::archive::read_docker_archive(**files, "archive");
  if (!images.ok()) return;
  must(!images->empty(), "an archive without images");
  for (const auto& image : *images) {
    for (const auto& layer : image.layers) {
      must(layer.size >= 0 && layer.offset >= 0, "a layer lies outside its archive");
      (void)registry::archive::read_member(layer, [](std::string_view) -> Result<void> { return {}; });
    }
  }
}

}  // namespace creel::fuzz
