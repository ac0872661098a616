// The tar on its way from the one thread that inflates it to those that hash and unpack it: a ring of blocks that are
// allocated once, each read by every consumer and then filled anew. The slowest consumer holds the producer back, so
// memory is bounded. Thread-safe for one producer and one thread per consumer.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace creel::storage::unpack {

class BlockPipe {
 public:
  enum class End { kOpen, kFinished, kFailed };
  static constexpr int kConsumers = 2;

  BlockPipe(std::size_t blocks, std::size_t block_size);

  // Producer. Waits for a block that every consumer is done with; empty when the pipe was stopped.
  std::span<unsigned char> acquire();
  // Producer. Hands the first `size` bytes of the acquired block to the consumers.
  void publish(std::size_t size);
  // Producer. Nothing follows: kFinished at the stream's end, kFailed when it broke off.
  void close(End end);

  // Consumer. Gives its previous block back and waits for the next one; empty when nothing follows.
  std::string_view next(int consumer);
  // Whether the stream ended well; asked after next() gave an empty view.
  [[nodiscard]] End end();
  // Consumer. Nobody reads on: the producer's acquire() and all next() return empty.
  void stop();

 private:
  struct Block {
    std::unique_ptr<unsigned char[]> data;
    std::size_t size = 0;
  };
  [[nodiscard]] Block& block(std::uint64_t sequence) { return blocks_[sequence % blocks_.size()]; }

  std::size_t block_size_;
  std::vector<Block> blocks_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable freed_;
  std::uint64_t published_ = 0;                       // number of blocks ever published
  std::array<std::uint64_t, kConsumers> released_{};  // of those, given back by each consumer
  std::array<bool, kConsumers> holding_{};            // whether the consumer reads block released_[i] now
  End end_ = End::kOpen;
  bool stopped_ = false;
};

}  // namespace creel::storage::unpack
