#include "storage/pack/gzip_blocks.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "storage/unpack/unpack.h"
#include "storage/unpack/worker.h"

namespace creel::storage::pack {

namespace {

// Large enough that starting anew costs a fraction of a percent of size.
constexpr std::size_t kBlock = 1 << 20;
// What does not compress is stored: five bytes for each 64 KiB.
constexpr std::size_t kCompressedBlock = kBlock + (64 << 10);
constexpr int kLevel = 1;
constexpr std::size_t kLevelBuffer = ISAL_DEF_LVL1_DEFAULT;
constexpr unsigned kMaxThreads = 16;

// No name, no time, no system.
constexpr std::string_view kHeader("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
// The stream's last block is an empty one.
constexpr std::string_view kLastBlock("\x03\0", 2);

enum class State { kFree, kFilled, kTaken, kDone };

struct Slot {
  State state = State::kFree;
  std::vector<unsigned char> in = std::vector<unsigned char>(kBlock);
  std::vector<unsigned char> out = std::vector<unsigned char>(kCompressedBlock);
  std::size_t filled = 0, made = 0;
};

void compress(Slot& slot, std::vector<unsigned char>& level_buffer) {
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.level = kLevel;
  stream.level_buf = level_buffer.data();
  stream.level_buf_size = static_cast<uint32_t>(level_buffer.size());
  stream.gzip_flag = IGZIP_DEFLATE;
  stream.flush = FULL_FLUSH;
  stream.end_of_stream = 0;
  stream.next_in = slot.in.data();
  stream.avail_in = static_cast<uint32_t>(slot.filled);
  stream.next_out = slot.out.data();
  stream.avail_out = static_cast<uint32_t>(slot.out.size());
  const int done = isal_deflate_stateless(&stream);
  slot.made = done == COMP_OK && stream.avail_in == 0 ? slot.out.size() - stream.avail_out : 0;
}

}  // namespace

struct GzipBlocks::Impl {
  Out out;
  std::vector<Slot> slots;
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t filled = 0;   // blocks given to the workers
  std::uint64_t taken = 0;    // of those, begun
  std::uint64_t written = 0;  // of those, handed out
  bool finished = false, stopped = false;
  std::optional<Error> error;
  std::deque<unpack::Worker> threads;
  Slot* current = nullptr;  // being filled by append()
  uint32_t crc = 0;
  std::int64_t size_in = 0;
  unpack::Sha256 hash;
  std::int64_t size_out = 0;

  Slot& slot(std::uint64_t number) { return slots[number % slots.size()]; }

  void work() {
    std::vector<unsigned char> level_buffer(kLevelBuffer);
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return stopped || taken < filled || finished; });
      if (stopped || taken == filled) return;
      Slot& mine = slot(taken++);
      mine.state = State::kTaken;
      lock.unlock();
      compress(mine, level_buffer);
      lock.lock();
      mine.state = State::kDone;
      changed.notify_all();
    }
  }

  Result<void> give(std::string_view bytes) {
    hash.update(bytes);
    size_out += std::ssize(bytes);
    return out(bytes);
  }

  void write() {
    auto given = give(kHeader);
    std::unique_lock lock(mutex);
    while (given.ok()) {
      Slot& next = slot(written);
      changed.wait(lock, [&] { return stopped || next.state == State::kDone || (finished && written == filled); });
      if (stopped || (next.state != State::kDone)) return;
      lock.unlock();
      given = next.made > 0 ? give({reinterpret_cast<const char*>(next.out.data()), next.made})
                            : Result<void>(fail(Code::kFailed, "compressing failed"));
      lock.lock();
      next.state = State::kFree;
      ++written;
      changed.notify_all();
    }
    if (!lock.owns_lock()) lock.lock();
    error = std::move(given).error();
    stopped = true;
    changed.notify_all();
  }

  Result<void> start(unsigned wanted) {
    TRY(threads.emplace_back().start([this] { write(); }));
    for (unsigned i = 0; i < wanted; ++i) {
      auto started = threads.emplace_back().start([this] { work(); });
      // Fewer do it too; one must be.
      if (!started.ok()) return i > 0 ? Result<void>() : std::move(started);
    }
    return {};
  }

  // Hands the current block to the workers.
  void pass_on() {
    const std::lock_guard lock(mutex);
    current->state = State::kFilled;
    current = nullptr;
    ++filled;
    changed.notify_all();
  }

  Result<void> next_slot() {
    std::unique_lock lock(mutex);
    Slot& next = slot(filled);
    changed.wait(lock, [&] { return stopped || next.state == State::kFree; });
    if (stopped) return error ? *error : fail(Code::kFailed, "compressing was stopped");
    next.filled = 0;
    current = &next;
    return {};
  }
};

GzipBlocks::GzipBlocks(Out out, unsigned threads) : impl_(std::make_unique<Impl>()) {
  if (threads == 0) threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
  impl_->out = std::move(out);
  impl_->slots.resize(threads + 2);
  auto started = impl_->start(threads);
  if (started.ok()) return;
  const std::lock_guard lock(impl_->mutex);
  impl_->error = std::move(started).error();
  impl_->stopped = true;
  impl_->changed.notify_all();
}

GzipBlocks::~GzipBlocks() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
    impl_->changed.notify_all();
  }
  impl_->threads.clear();
}

Result<void> GzipBlocks::append(std::string_view bytes) {
  impl_->crc = crc32_gzip_refl(impl_->crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  impl_->size_in += std::ssize(bytes);
  while (!bytes.empty()) {
    if (impl_->current == nullptr) TRY(impl_->next_slot());
    Slot& slot = *impl_->current;
    const std::size_t part = std::min(bytes.size(), kBlock - slot.filled);
    std::memcpy(slot.in.data() + slot.filled, bytes.data(), part);
    slot.filled += part;
    bytes.remove_prefix(part);
    if (slot.filled == kBlock) impl_->pass_on();
  }
  return {};
}

Result<Compressed> GzipBlocks::finish() {
  if (impl_->current != nullptr) impl_->pass_on();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->finished = true;
    impl_->changed.notify_all();
  }
  impl_->threads.clear();
  if (impl_->error) return *impl_->error;
  std::string end(kLastBlock);
  for (const auto number : {impl_->crc, static_cast<uint32_t>(impl_->size_in)}) {
    for (unsigned shift = 0; shift < 32; shift += 8) end += static_cast<char>(number >> shift & 0xff);
  }
  TRY(impl_->give(end));
  return Compressed{impl_->hash.finish(), impl_->size_out};
}

}  // namespace creel::storage::pack
