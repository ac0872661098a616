#include <zstd.h>

#include "storage/unpack/decompress.h"

namespace creel::storage::unpack {

namespace {

Error corrupt(std::string_view why) {
  return fail(Code::kInvalid, "decompress zstd data: " + std::string(why));
}

struct Free {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Context = std::unique_ptr<ZSTD_DCtx, Free>;

// Concatenated and skippable frames are one stream (RFC 8878; zstd:chunked images end with skippable ones). The window
// is held to the library's default limit of 128 MiB, so a hostile frame header cannot claim more memory.
class Zstd : public Decompressor {
 public:
  Zstd(Input& input, std::string_view first, Context context)
      : input_(input), left_(first), context_(std::move(context)) {}

  Result<std::size_t> read(std::span<unsigned char> out) override {
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    while (output.pos < output.size && !ended_) {
      if (left_.empty()) {
        TRY_SET(left_, input_.next());
        if (left_.empty()) {
          const std::size_t before = output.pos;
          if (in_frame_) TRY(step(output));
          if (in_frame_ && output.pos == before) return corrupt("truncated");
          ended_ = !in_frame_;
          continue;
        }
      }
      TRY(step(output));
    }
    return output.pos;
  }

 private:
  Result<void> step(ZSTD_outBuffer& output) {
    ZSTD_inBuffer input{left_.data(), left_.size(), 0};
    const std::size_t code = ZSTD_decompressStream(context_.get(), &output, &input);
    if (ZSTD_isError(code)) return corrupt(ZSTD_getErrorName(code));
    left_.remove_prefix(input.pos);
    in_frame_ = code != 0;
    return {};
  }

  Input& input_;
  std::string_view left_;
  Context context_;
  bool in_frame_ = false;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<Decompressor>> open_zstd(Input& input, std::string_view first) {
  Context context(ZSTD_createDCtx());
  if (!context) return fail(Code::kFailed, "decompress zstd data: out of memory");
  return std::unique_ptr<Decompressor>(std::make_unique<Zstd>(input, first, std::move(context)));
}

}  // namespace creel::storage::unpack
