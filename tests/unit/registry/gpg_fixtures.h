// Made once with gpg, in January 2020: three Ed25519 keys ("old" was valid for a day) and messages signed by them, as
// base64. Each message is the same payload, for h.example/a:1 with the digest sha256:aaa….
#pragma once

namespace creel::registry::test {

inline constexpr const char* kKeyOfSigner =
    "mDMEXgvhABYJKwYBBAHaRw8BAQdAyYsGWlPmLbM4wuRu4sDt+wzY7iZ+PTkqKWJ5rM8gvN60DnNpZ25lckBleGFtcGxliJAEExYI"
    "ADgWIQReSo34QYVJKukbXGRmBhBeodi5EAUCXgvhAAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRBmBhBeodi5EFKeAQDn"
    "30b7L3Ed3TTqTrq5/G8kt8YD5f23ZROQMuW/fv8fuAD/Ve9qt/AG0IIly/gf59MiiiK7vnROnCskUnyzga5lEQQ=";
inline constexpr const char* kKeyOfOther =
    "mDMEXgvhABYJKwYBBAHaRw8BAQdAK8U9iVjrqiDHJK5uCumBTuZ7EIZZt8vleTOkU4D88xy0DW90aGVyQGV4YW1wbGWIkAQTFggA"
    "OBYhBBVltWge//3OinK9sFeHTCM8O1a+BQJeC+EAAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEFeHTCM8O1a+beQBAJeE"
    "yXpB7PXPATQPsh+yRK0oD1rPeDYdKIxGvjoU35iFAQDUFEw0erTn95BYa3d9WSXLUIP63uf1jOQUwEQ5YU13Ag==";
inline constexpr const char* kKeyOfOld =
    "mDMEXgvhABYJKwYBBAHaRw8BAQdA6J6J0f6SuxYe4mVGBw4L+VyRxPOVj3exir8WaK7KzJy0C29sZEBleGFtcGxliJYEExYIAD4W"
    "IQQklT0vb9kZvdrlTmzOENJ+lTXx1gUCXgvhAAIbAwUJAAFRgAULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRDOENJ+lTXx1p58"
    "AQD/lV2i1xOrT9PWPXOJ3gIB1YTmLoWPuY0C3mVxpQ/UtwEAnCnww5YwThSmec96/3HwVta2naXlqk63tDa52ZP1vg0=";
inline constexpr const char* kGood =
    "owGbwMvMwCGWxiYQt/DGTgHGNU+SGAviuB9HVCslF2WWZCYn5ihZVStlpqTmlWSWVILYKfnJ2alFukWpaalFqXnJqUpWShl6qRWJ"
    "uQU5qfqJVoZKtTpKmbmJ6alIinMT8zLTUotLdFMy04EUUEtxRqKRqZlVIoUAZFlJZQHIEYkl+bmZyQrJ+XkliZl5qUUKxZnpeYkl"
    "pUWpIEX5BSWZ+Xlg39TWdrSyMIhxMOiKKbLEefX+cGz11HopHZMCCwVWJlAI8MuADEgtcoD6jYGLUwCmwnINI8OUfaynJ2+pV9N8"
    "e/5HUvLfI3+E2a00fk34tOeZ9L+feUnHGRnmTrG0v3blps92ydXLjMWuP53yNCN23YpEyY71UWsbl53hBwA=";
inline constexpr const char* kByOther =
    "owGbwMvMwCEW3u6jbGMdto9xzZMkxoI47scR1UrJRZklmcmJOUpW1UqZKal5JZkllSB2Sn5ydmqRblFqWmpRal5yqpKVUoZeakVi"
    "bkFOqn6ilaFSrY5SZm5ieiqS4tzEvMy01OIS3ZTMdCAF1FKckWhkamaVSCEAWVZSWQByRGJJfm5mskJyfl5JYmZeapFCcWZ6XmJJ"
    "aVEqSFF+QUlmfh7YN7W1HS0sDGIcDDpiiiyiqVsz5P7/PddVtHcDLBRYmUAhwCeTX5KRWuQA9RoDF6cATMGqCkaGRQaymoH67yZq"
    "TLvnmXDnyQrmB9u/KvrLm5l1W2159LCgmeGffY9Ty1LfSI81P+fmb2M6JPxJzLi5pMNnR+eM8r+zWSdwAwA=";
inline constexpr const char* kExpired =
    "owGbwMvMwCGWxiYQt/DGTgHGNU+SGAviuB9HVCslF2WWZCYn5ihZVStlpqTmlWSWVILYKfnJ2alFukWpaalFqXnJqUpWShl6qRWJ"
    "uQU5qfqJVoZKtTpKmbmJ6alIinMT8zLTUotLdFMy04EUUEtxRqKRqZlVIoUAZFlJZQHIEYkl+bmZyQrJ+XkliZl5qUUKxZnpeYkl"
    "pUWpIEX5BSWZ+Xlg39TWdnSzMIhxMBiLKbLEefX+cGz11HopHZMCCwVWJlAIsDYzMAY28MuAjEktcoD6kIGLUwCm7rY9I8PEf3vX"
    "N5br3DmSKxz66LhQ5L4e9Xe971Zes+n+EqTxaP57RoajZ6+fXl99YuobGZ4pHVMn3wqtlrDUkJb5Wtlt/9Bk6y1mAA==";
inline constexpr const char* kByOldKey =
    "owGbwMvMwCF2TuBS3VTTj9cY1zxJYiyI434cUa2UXJRZkpmcmKNkVa2UmZKaV5JZUglip+QnZ6cW6RalpqUWpeYlpypZKWXopVYk"
    "5hbkpOonWhkq1eooZeYmpqciKc5NzMtMSy0u0U3JTAdSQC3FGYlGpmZWiRQCkGUllQUgRySW5OdmJisk5+eVJGbmpRYpFGem5yWW"
    "lBalghTlF5Rk5ueBfVNb29HEwiDGwaAlpsiiMtVWP/+m5N5bT/1yYKHAygQKAR6Z/JwUB6jHGLg4BWDSSk8Z/mktbK5s719/UOqR"
    "mBCP+3/LnNQtbLr69/z2in6sWXCgexMjw2GWiiC7m5fUXWeLnRHPEyqOytG58S0/P6F2ysTi498WcwMA";
inline constexpr const char* kTwice =
    "owGbwMvMwCEW3u6jbGMdto9hApibxiYQt/DGTgHGNU+SGAviuB9HVCslF2WWZCYn5ihZVStlpqTmlWSWVILYKfnJ2alFukWpaalF"
    "qXnJqUpWShl6qRWJuQU5qfqJVoZKtTpKmbmJ6alIinMT8zLTUotLdFMy04EUUEtxRqKRqZlVIoUAZFlJZQHIEYkl+bmZyQrJ+Xkl"
    "iZl5qUUKxZnpeYklpUWpIEX5BSWZ+Xlg39TWdrSyMIhxMOiKKbLEefX+cGz11HopHZMCCwVWJlAI8MuADEgtcoD6jYGLUwCmwnIN"
    "I8OUfaynJ2+pV9N8e/5HUvLfI3+E2a00fk34tOeZ9L+feUnHGRnmTrG0v3blps92ydXLjMWuP53yNCN23YpEyY71UWsbl53h72gB"
    "O0MH6AzR1K0Zcv//nusq2rsBFjcQZ/DJ5JdkoLoCpmBVBSPDIgNZzUD9dxM1pt3zTLjzZAXzg+1fFf3lzcy6rbY8eljQzPDPvsep"
    "ZalvpMean3PztzEdEv4kZtxc0uGzo3NG+d/ZrBO4AQ==";
inline constexpr const char* kUnsigned =
    "owGlTzEOwjAQEzOfqG6mIJBgyEuYkI7kmp5oLlFySFRVf8Sv4CE0TOx4sQdbtp/v6ypd1q/zBDazssUBzATsSJR1rNpFe6PcZuoo"
    "k1gCA/2WHhjSQDs0e5g3wAE9/ZgDCndUtHXsF1oipcfD8WTwT9QyHVMdgRoD28ZGUWSh3BT2gnrPVE0xKUf5vpnnDw==";
// The first key as gpg --armor --export writes it.
inline constexpr const char* kArmored = R"(-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEXgvhABYJKwYBBAHaRw8BAQdAyYsGWlPmLbM4wuRu4sDt+wzY7iZ+PTkqKWJ5
rM8gvN60DnNpZ25lckBleGFtcGxliJAEExYIADgWIQReSo34QYVJKukbXGRmBhBe
odi5EAUCXgvhAAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRBmBhBeodi5
EFKeAQDn30b7L3Ed3TTqTrq5/G8kt8YD5f23ZROQMuW/fv8fuAD/Ve9qt/AG0IIl
y/gf59MiiiK7vnROnCskUnyzga5lEQQ=
=Qnks
-----END PGP PUBLIC KEY BLOCK-----
)";

}  // namespace creel::registry::test
