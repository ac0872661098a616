// A URL taken apart as libcurl itself understands it, so that hosts are compared as they will be spoken to. One owner.
#pragma once

#include <memory>
#include <string>

namespace creel::registry {

class Url {
 public:
  explicit Url(const std::string& text);
  ~Url();
  Url(Url&&) noexcept;
  Url& operator=(Url&&) noexcept;

  // To `location`, relative references included. User names in it are dropped: they would become credentials. False:
  // it is malformed.
  bool follow(const std::string& location);
  // Appends "key=value", percent-encoded, to the query.
  void add_query(const std::string& key, const std::string& value);
  // An HTTP or HTTPS address.
  [[nodiscard]] bool valid() const;
  [[nodiscard]] std::string scheme() const;
  [[nodiscard]] std::string text() const;
  // "host:port", the port always there.
  [[nodiscard]] std::string host() const;
  // "scheme://host:port"
  [[nodiscard]] std::string origin() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::registry
