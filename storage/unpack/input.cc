#include "storage/unpack/input.h"

namespace creel::storage::unpack {

Result<std::string_view> Input::pull() {
  if (ended_) return std::string_view();
  auto piece = source_();
  if (!piece) {
    failed_ = true;
    ended_ = true;
    return piece;
  }
  if (piece->empty()) ended_ = true;
  hash_.update(*piece);
  size_ += static_cast<std::int64_t>(piece->size());
  return piece;
}

Result<std::string_view> Input::next() {
  TRY_SET(std::string_view piece, pull());
  if (piece.size() >= kGather || piece.empty()) return piece;
  gathered_.assign(piece);
  while (gathered_.size() < kGather && !ended_) {
    TRY_SET(std::string_view more, pull());
    gathered_.append(more);
  }
  return std::string_view(gathered_);
}

}  // namespace creel::storage::unpack
