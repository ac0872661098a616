#include "registry/policy/secretbox.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

#include "registry/policy/openssl_types.h"

namespace creel::registry::policy {

namespace {

using Words = std::array<std::uint32_t, 16>;
using Mac = std::unique_ptr<EVP_MAC, Freed<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;

constexpr std::size_t kTag = 16;

std::uint32_t load(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return out;
}

void store(std::string& out, std::uint32_t word) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(word >> (8 * i) & 0xff);
}

// The state of Salsa20: "expand 32-byte k", the key, and 16 bytes of nonce and counter.
Words state_of(std::string_view key, std::string_view input) {
  return {0x61707865,     load(key, 0),   load(key, 4),   load(key, 8),    load(key, 12), 0x3320646e,
          load(input, 0), load(input, 4), load(input, 8), load(input, 12), 0x79622d32,    load(key, 16),
          load(key, 20),  load(key, 24),  load(key, 28),  0x6b206574};
}

void twenty_rounds(Words& x) {
  const auto quarter = [&](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    x[b] ^= std::rotl(x[a] + x[d], 7);
    x[c] ^= std::rotl(x[b] + x[a], 9);
    x[d] ^= std::rotl(x[c] + x[b], 13);
    x[a] ^= std::rotl(x[d] + x[c], 18);
  };
  for (int i = 0; i < 10; ++i) {
    quarter(0, 4, 8, 12);
    quarter(5, 9, 13, 1);
    quarter(10, 14, 2, 6);
    quarter(15, 3, 7, 11);
    quarter(0, 1, 2, 3);
    quarter(5, 6, 7, 4);
    quarter(10, 11, 8, 9);
    quarter(15, 12, 13, 14);
  }
}

std::string hsalsa20(std::string_view key, std::string_view input) {
  Words x = state_of(key, input);
  twenty_rounds(x);
  std::string out;
  for (const std::size_t i : {0, 5, 10, 15, 6, 7, 8, 9}) store(out, x[i]);
  return out;
}

std::string salsa20(std::string_view key, std::string_view nonce, std::size_t size) {
  std::string out;
  for (std::uint64_t block = 0; out.size() < size; ++block) {
    std::string input(nonce);
    store(input, static_cast<std::uint32_t>(block));
    store(input, static_cast<std::uint32_t>(block >> 32));
    const Words first = state_of(key, input);
    Words x = first;
    twenty_rounds(x);
    for (std::size_t i = 0; i < x.size(); ++i) store(out, x[i] + first[i]);
  }
  out.resize(size);
  return out;
}

bool has_tag(std::string_view key, std::string_view content, std::string_view tag) {
  const Mac mac(EVP_MAC_fetch(nullptr, "POLY1305", nullptr));
  if (mac == nullptr) return false;
  const MacContext context(EVP_MAC_CTX_new(mac.get()));
  std::array<unsigned char, kTag> out{};
  std::size_t size = 0;
  if (context == nullptr ||
      EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(), nullptr) != 1 ||
      EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(content.data()), content.size()) != 1 ||
      EVP_MAC_final(context.get(), out.data(), &size, out.size()) != 1)
    return false;
  return size == tag.size() && CRYPTO_memcmp(out.data(), tag.data(), size) == 0;
}

}  // namespace

std::optional<std::string> open_secretbox(std::string_view key, std::string_view nonce, std::string_view box) {
  constexpr std::size_t kKey = 32, kNonce = 24;
  if (key.size() != kKey || nonce.size() != kNonce || box.size() < kTag) return std::nullopt;
  const std::string_view tag = box.substr(0, kTag), content = box.substr(kTag);
  const std::string stream = salsa20(hsalsa20(key, nonce.substr(0, 16)), nonce.substr(16), kKey + content.size());
  if (!has_tag(std::string_view(stream).substr(0, kKey), content, tag)) return std::nullopt;
  std::string out(content);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ stream[kKey + i]);
  return out;
}

}  // namespace creel::registry::policy
