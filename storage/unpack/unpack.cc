#include "storage/unpack/unpack.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/file.h"
#include "storage/unpack/block_pipe.h"
#include "storage/unpack/decompress.h"
#include "storage/unpack/input.h"
#include "storage/unpack/tar.h"
#include "storage/unpack/worker.h"
#include "storage/unpack/writer.h"

namespace creel::storage::unpack {

namespace {

// Small enough that a block is still in the processor's cache when it is hashed and written, large enough that waking
// threads and restarting the inflater cost nothing.
constexpr std::size_t kBlockSize = 256 << 10;
constexpr std::size_t kBlocks = 8;
constexpr int kToHash = 0;
constexpr int kToUnpack = 1;

// First stage: bytes come in, are hashed, are inflated. Returns early, without error, when the pipe is stopped.
Result<void> inflate(Input& input, BlockPipe& pipe) {
  TRY_SET(auto decompressor, open_decompressor(input));
  for (;;) {
    const std::span<unsigned char> block = pipe.acquire();
    if (block.empty()) return {};
    TRY_SET(const std::size_t size, decompressor->read(block));
    if (size > 0) pipe.publish(size);
    if (size < block.size()) return {};
  }
}

}  // namespace

Result<Unpacked> unpack_layer(const Source& source, int target, const Options& options) {
  TRY_SET(Fd root, open_at(target, ".", O_RDONLY | O_DIRECTORY));
  Writer writer(std::move(root), options);
  BlockPipe pipe(kBlocks, kBlockSize);
  Input input(source);
  Result<void> inflated;
  Sha256 diff_id;
  TarResult extracted;
  {
    Worker inflater;
    Worker hasher;
    TRY(inflater.start([&] {
      inflated = inflate(input, pipe);
      pipe.close(inflated.ok() ? BlockPipe::End::kFinished : BlockPipe::End::kFailed);
    }));
    auto hashing = hasher.start([&] {
      for (std::string_view block; !(block = pipe.next(kToHash)).empty();) diff_id.update(block);
    });
    if (!hashing) {
      pipe.stop();
      return std::move(hashing).error();
    }
    extracted = extract_tar(pipe, kToUnpack, writer);
    if (extracted.result.ok()) extracted.result = writer.finish();
  }
  if (extracted.stream_failed && !inflated) return std::move(inflated).error();
  TRY(std::move(extracted.result));
  TRY_SET(const std::int64_t tree_size, writer.tree_size());
  return Unpacked{diff_id.finish(), input.digest(), input.size(), tree_size};
}

Result<Unpacked> unpack_file(int fd, int target, const Options& options) {
  constexpr std::size_t kRead = 512 << 10;
  const auto buffer = std::make_unique_for_overwrite<char[]>(kRead);
  const Source source = [&]() -> Result<std::string_view> {
    for (;;) {
      const ssize_t n = ::read(fd, buffer.get(), kRead);
      if (n >= 0) return std::string_view(buffer.get(), static_cast<std::size_t>(n));
      if (errno != EINTR) return errno_error("read the layer");
    }
  };
  return unpack_layer(source, target, options);
}

}  // namespace creel::storage::unpack
