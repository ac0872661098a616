#include "storage/pack/pack.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/file.h"
#include "storage/pack/gzip_blocks.h"
#include "storage/pack/tar_stream.h"
#include "storage/unpack/block_pipe.h"
#include "storage/unpack/worker.h"
#include "storage/unpack/writer.h"

namespace creel::storage::pack {

using unpack::BlockPipe;
using unpack::Chunk;
using unpack::Entry;
using unpack::EntryType;

namespace {

constexpr std::size_t kBlockSize = 256 << 10;
constexpr std::size_t kBlocks = 8;
constexpr int kToHash = 0;
constexpr int kToCompress = 1;

// The blocks between the one who reads files and those who hash and compress.
class PipeSink : public ByteSink {
 public:
  explicit PipeSink(BlockPipe& pipe) : pipe_(pipe) {}
  Result<std::span<unsigned char>> room() override {
    if (block_.empty()) {
      block_ = pipe_.acquire();
      used_ = 0;
      // The consumer that stopped it knows why.
      if (block_.empty()) return fail(Code::kFailed, "packing was stopped");
    }
    return block_.subspan(used_);
  }
  Result<void> advance(std::size_t size) override {
    used_ += size;
    if (used_ == block_.size()) flush();
    return {};
  }
  void flush() {
    if (used_ > 0) pipe_.publish(used_);
    block_ = {};
    used_ = 0;
  }

 private:
  BlockPipe& pipe_;
  std::span<unsigned char> block_;
  std::size_t used_ = 0;
};

class FileSink : public ByteSink {
 public:
  explicit FileSink(int fd) : fd_(fd) {}
  Result<std::span<unsigned char>> room() override { return std::span(buffer_).subspan(used_); }
  Result<void> advance(std::size_t size) override {
    used_ += size;
    return used_ == buffer_.size() ? flush() : Result<void>();
  }
  Result<void> flush() {
    const std::size_t size = std::exchange(used_, 0);
    return write_all(fd_, {reinterpret_cast<const char*>(buffer_.data()), size});
  }

 private:
  int fd_;
  std::vector<unsigned char> buffer_ = std::vector<unsigned char>(256 << 10);
  std::size_t used_ = 0;
};

// A file's content on its way into the tar; each piece is given to `each` too. As long as the header says: a file that
// has become shorter ends with zeros.
class Content {
 public:
  Content(ByteSink& sink, int fd, const Entry& entry) : sink_(sink), fd_(fd), entry_(entry), left_(entry.size) {}

  // The next piece, already in the tar; valid until the next call. False at the end. Holes are passed over.
  Result<bool> next(Chunk& chunk) {
    TRY(leave());
    while (left_ > 0) {
      const std::int64_t at = entry_.size - left_;
      if (at >= data_end_) TRY(find_data(at));
      if (at < data_start_) {
        TRY(sink_.zeros(data_start_ - at));
        left_ -= data_start_ - at;
        continue;
      }
      TRY_SET(const std::span<unsigned char> space, sink_.room());
      const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(data_end_ - at, std::ssize(space)));
      const ssize_t got = ::pread(fd_, space.data(), wanted, at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("reading /" + entry_.path);
      if (got == 0) {
        data_start_ = data_end_ = entry_.size;
        continue;
      }
      chunk = {{reinterpret_cast<const char*>(space.data()), static_cast<std::size_t>(got)}, at};
      in_room_ = static_cast<std::size_t>(got);
      left_ -= got;
      return true;
    }
    return false;
  }

 private:
  // The room is given on only now, when nobody reads the piece any more.
  Result<void> leave() { return in_room_ > 0 ? sink_.advance(std::exchange(in_room_, 0)) : Result<void>(); }
  // The next bytes that are stored; small files are not asked about.
  Result<void> find_data(std::int64_t at) {
    data_start_ = at;
    data_end_ = entry_.size;
    if (entry_.size < (64 << 10)) return {};
    const off_t start = ::lseek(fd_, at, SEEK_DATA);
    if (start < 0) {
      // Nothing but a hole is left; or the file system cannot say.
      if (errno == ENXIO) data_start_ = entry_.size;
      return {};
    }
    data_start_ = std::min<std::int64_t>(start, entry_.size);
    const off_t end = ::lseek(fd_, start, SEEK_HOLE);
    if (end > start) data_end_ = std::min<std::int64_t>(end, entry_.size);
    return {};
  }

  ByteSink& sink_;
  int fd_;
  const Entry& entry_;
  std::int64_t left_;
  std::int64_t data_start_ = 0, data_end_ = 0;
  std::size_t in_room_ = 0;
};

// Entries into the tar and, where there is one, into the tree.
Result<void> write_entries(Walk& walk, ByteSink& sink, unpack::Writer* tree) {
  TarStream tar(sink);
  const auto write = [&](const Entry& entry, int fd) -> Result<void> {
    TRY(tar.header(entry));
    Content content(sink, fd, entry);
    const auto next = [&](Chunk& chunk) { return content.next(chunk); };
    if (tree != nullptr) TRY(tree->add(entry, next));
    // What the tree does not ask for goes into the tar alone.
    for (Chunk chunk;;) {
      TRY_SET(const bool more, next(chunk));
      if (!more) break;
    }
    return tar.pad(entry.type == EntryType::kFile ? entry.size : 0);
  };
  TRY(walk.run(write));
  return tar.finish();
}

}  // namespace

Result<unpack::Unpacked> pack_layer(Walk& walk, int blob, int tree, const unpack::Options& options) {
  TRY_SET(Fd root, open_at(tree, ".", O_RDONLY | O_DIRECTORY));
  unpack::Writer writer(std::move(root), options);
  BlockPipe pipe(kBlocks, kBlockSize);
  GzipBlocks gzip([blob](std::string_view bytes) { return write_all(blob, bytes); });
  unpack::Sha256 diff_id;
  Result<void> compressed, packed;
  {
    unpack::Worker hasher, compressor;
    TRY(hasher.start([&] {
      for (std::string_view block; !(block = pipe.next(kToHash)).empty();) diff_id.update(block);
    }));
    auto started = compressor.start([&] {
      for (std::string_view block; compressed.ok() && !(block = pipe.next(kToCompress)).empty();) {
        compressed = gzip.append(block);
      }
      if (!compressed.ok()) pipe.stop();
    });
    if (!started.ok()) {
      pipe.stop();
      return std::move(started).error();
    }
    PipeSink sink(pipe);
    packed = write_entries(walk, sink, &writer);
    if (packed.ok()) {
      sink.flush();
      pipe.close(BlockPipe::End::kFinished);
    } else {
      pipe.stop();
    }
  }
  TRY(std::move(compressed));
  TRY(std::move(packed));
  TRY_SET(const Compressed made, gzip.finish());
  TRY(writer.finish());
  TRY_SET(const std::int64_t tree_size, writer.tree_size());
  return unpack::Unpacked{diff_id.finish(), made.digest, made.size, tree_size};
}

Result<void> pack_tar(Walk& walk, int out) {
  FileSink sink(out);
  TRY(write_entries(walk, sink, nullptr));
  return sink.flush();
}

}  // namespace creel::storage::pack
