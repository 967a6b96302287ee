#ifndef SCOUT_CORE_AGENT_MANAGER_SHA256_HPP
#define SCOUT_CORE_AGENT_MANAGER_SHA256_HPP

// SHA-256 as 64 lower-case hexadecimal digits, by OpenSSL; the library's only direct use of that.

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace scout::inline v0::detail {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    good_ = context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
  }

  void add(std::string_view bytes) { good_ = good_ && EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1; }

  // Once, at the end. Empty, and so equal to no hash: OpenSSL could not do it.
  std::string digits() {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    std::string text;
    if (!good_ || EVP_DigestFinal_ex(context_.get(), hash, &size) != 1) return text;
    for (unsigned i = 0; i < size; ++i) {
      text += "0123456789abcdef"[hash[i] >> 4];
      text += "0123456789abcdef"[hash[i] & 15];
    }
    return text;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };

  std::unique_ptr<EVP_MD_CTX, Free> context_;
  bool good_ = false;
};

// What OpenSSL keeps for the calling thread, which is about to end.
inline void forget_openssl_of_thread() noexcept { OPENSSL_thread_stop(); }

inline bool is_sha256(std::string_view text) noexcept {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace scout::inline v0::detail

#endif
