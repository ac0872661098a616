// SHA-256 of a stream (OpenSSL). One owner; not thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "base/digest.h"

namespace creel::registry {

class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(std::string_view bytes);
  // Of all bytes so far; ends the stream.
  [[nodiscard]] Digest finish();
  static Digest of(std::string_view bytes);

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace creel::registry
