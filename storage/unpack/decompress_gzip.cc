#include <isa-l/igzip_lib.h>

#include <algorithm>

#include "storage/unpack/decompress.h"

namespace creel::storage::unpack {

namespace {

Error corrupt(std::string_view why) {
  return fail(Code::kInvalid, "decompress gzip data: " + std::string(why));
}

std::string_view explain(int code) {
  switch (code) {
    case ISAL_INCORRECT_CHECKSUM:
      return "checksum does not match";
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
      return "invalid header";
    default:
      return "corrupt data";
  }
}

// Concatenated members are one stream (RFC 1952, 2.2). After the last one only zeros may follow, as tapes pad.
class Gzip : public Decompressor {
 public:
  Gzip(Input& input, std::string_view first) : input_(input), left_(first), state_(std::make_unique<inflate_state>()) {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
  }

  Result<std::size_t> read(std::span<unsigned char> out) override {
    std::size_t filled = 0;
    while (filled < out.size() && !ended_) {
      if (left_.empty() && !input_ended_) {
        TRY_SET(left_, input_.next());
        input_ended_ = left_.empty();
      }
      if (between_members_) {
        TRY(begin_member());
        continue;
      }
      TRY_SET(std::size_t n, inflate(out.subspan(filled)));
      filled += n;
    }
    return filled;
  }

 private:
  Result<std::size_t> inflate(std::span<unsigned char> out) {
    // The library counts in 32 bits.
    const auto available = static_cast<std::uint32_t>(std::min<std::size_t>(left_.size(), 1U << 30));
    state_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(left_.data()));
    state_->avail_in = available;
    state_->next_out = out.data();
    state_->avail_out = static_cast<std::uint32_t>(out.size());
    const int code = isal_inflate(state_.get());
    if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT) return corrupt(explain(code));
    const std::size_t taken = available - state_->avail_in;
    const std::size_t made = out.size() - state_->avail_out;
    left_.remove_prefix(taken);
    if (state_->block_state == ISAL_BLOCK_FINISH) {
      between_members_ = true;
    } else if (taken == 0 && made == 0) {
      return corrupt(input_ended_ ? "truncated" : "corrupt data");
    }
    return made;
  }

  Result<void> begin_member() {
    if (!padding_ && !left_.empty() && left_.front() == '\x1f') {
      isal_inflate_reset(state_.get());
      state_->crc_flag = ISAL_GZIP;
      between_members_ = false;
      return {};
    }
    padding_ = true;
    if (left_.find_first_not_of('\0') != std::string_view::npos) return corrupt("unexpected bytes after its end");
    left_ = {};
    ended_ = input_ended_;
    return {};
  }

  Input& input_;
  std::string_view left_;
  std::unique_ptr<inflate_state> state_;
  bool input_ended_ = false;
  bool between_members_ = false;
  bool padding_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Decompressor> open_gzip(Input& input, std::string_view first) {
  return std::make_unique<Gzip>(input, first);
}

}  // namespace creel::storage::unpack
