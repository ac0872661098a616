#include "storage/unpack/block_pipe.h"

#include <algorithm>

namespace creel::storage::unpack {

BlockPipe::BlockPipe(std::size_t blocks, std::size_t block_size) : block_size_(block_size), blocks_(blocks) {
  for (auto& each : blocks_) each.data = std::make_unique_for_overwrite<unsigned char[]>(block_size);
}

std::span<unsigned char> BlockPipe::acquire() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] {
    return stopped_ || published_ - *std::min_element(released_.begin(), released_.end()) < blocks_.size();
  });
  if (stopped_) return {};
  return {block(published_).data.get(), block_size_};
}

void BlockPipe::publish(std::size_t size) {
  {
    std::lock_guard lock(mutex_);
    block(published_).size = size;
    ++published_;
  }
  filled_.notify_all();
}

void BlockPipe::close(End end) {
  {
    std::lock_guard lock(mutex_);
    end_ = end;
  }
  filled_.notify_all();
}

std::string_view BlockPipe::next(int consumer) {
  const auto i = static_cast<std::size_t>(consumer);
  std::unique_lock lock(mutex_);
  if (holding_[i]) {
    holding_[i] = false;
    ++released_[i];
    freed_.notify_one();
  }
  filled_.wait(lock, [&] { return stopped_ || published_ > released_[i] || end_ != End::kOpen; });
  if (stopped_ || published_ == released_[i]) return {};
  holding_[i] = true;
  const Block& current = block(released_[i]);
  return {reinterpret_cast<const char*>(current.data.get()), current.size};
}

BlockPipe::End BlockPipe::end() {
  std::lock_guard lock(mutex_);
  return end_;
}

void BlockPipe::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  filled_.notify_all();
  freed_.notify_all();
}

}  // namespace creel::storage::unpack
