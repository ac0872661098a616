// An HTTP/1.1 server in this process that goes wrong as a test tells it to; loopback, a port of its own, a thread per
// connection. What asks for TLS is hung up on.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/text.h"

namespace creel::registry::test {

struct Request {
  std::string method, path, body;
  std::map<std::string, std::string> fields;  // names in lower case
  bool broken = false;                        // the body is not whole: the connection closed
  [[nodiscard]] std::string field(const std::string& name) const {
    auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  }
};

struct Response {
  int status = 200;
  std::string body;
  std::vector<std::string> fields;      // "Name: value"
  std::size_t cut = std::string::npos;  // after so many bytes of the body the connection closes
  bool endless = false;                 // the body, and then more of it until nobody reads
  bool silent = false;                  // nothing at all, until the server ends
};

class FakeServer {
 public:
  using Handler = std::function<Response(const Request&)>;
  explicit FakeServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      std::abort();
    host_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~FakeServer() {
    stopping_ = true;
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
  }
  // Asked once the head is there: after how many bytes of the body the connection closes. The handler gets what came.
  // Set before the first request.
  std::function<std::size_t(const Request&)> breaks;
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] std::string url() const { return "http://" + host_; }
  // All requests so far.
  [[nodiscard]] std::vector<Request> seen() const {
    std::lock_guard lock(mutex_);
    return seen_;
  }
  [[nodiscard]] int count(const std::string& path_part) const {
    int n = 0;
    for (const auto& request : seen()) n += request.path.find(path_part) != std::string::npos ? 1 : 0;
    return n;
  }

 private:
  [[nodiscard]] bool readable(int fd) const {
    while (!stopping_) {
      pollfd p{fd, POLLIN, 0};
      if (::poll(&p, 1, 20) > 0) return true;
    }
    return false;
  }
  void accept_all() {
    while (readable(listener_.get())) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) threads_.emplace_back([this, fd] { serve(Fd(fd)); });
    }
  }
  bool read_request(int fd, std::string& buffer, Request& request) const {
    auto more = [&] {
      char bytes[64 << 10];
      if (!readable(fd)) return false;
      const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
      if (n > 0) buffer.append(bytes, static_cast<std::size_t>(n));
      return n > 0 && buffer[0] != '\x16';
    };
    std::size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return false;
    }
    auto lines = split(buffer.substr(0, end), '\n');
    auto words = split(lines[0], ' ');
    request.method = words.at(0);
    request.path = words.at(1);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      Cut parts = cut(lines[i], ':');
      for (char& c : parts.before) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      request.fields[parts.before] = std::string(trim(parts.after));
    }
    const auto length = static_cast<std::size_t>(std::atoi(request.field("content-length").c_str()));
    const std::size_t wanted = breaks ? std::min(length, breaks(request)) : length;
    request.broken = wanted < length;
    while (buffer.size() < end + 4 + wanted) {
      if (!more()) return false;
    }
    request.body = buffer.substr(end + 4, wanted);
    buffer.erase(0, end + 4 + wanted);
    return true;
  }
  bool send_all(int fd, std::string_view bytes) const {
    while (!bytes.empty() && !stopping_) {
      const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return !stopping_;
  }
  void serve(Fd fd) {
    std::string buffer;
    for (Request request; read_request(fd.get(), buffer, request); request = {}) {
      {
        std::lock_guard lock(mutex_);
        seen_.push_back(request);
      }
      const Response response = handler_(request);
      if (request.broken) return;
      if (response.silent) {
        char byte;
        while (readable(fd.get()) && ::recv(fd.get(), &byte, 1, 0) > 0) {
        }
        return;
      }
      std::string head = "HTTP/1.1 " + std::to_string(response.status) + " X\r\n";
      if (!response.endless) head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
      for (const auto& field : response.fields) head += field + "\r\n";
      head += response.endless ? "Connection: close\r\n\r\n" : "\r\n";
      const std::string body = request.method == "HEAD" ? std::string() : response.body.substr(0, response.cut);
      if (!send_all(fd.get(), head + body)) return;
      while (response.endless && send_all(fd.get(), response.body)) {
      }
      if (response.endless || response.cut != std::string::npos) return;
    }
  }

  Handler handler_;
  Fd listener_;
  std::string host_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<Request> seen_;
  std::thread acceptor_;
  std::vector<std::thread> threads_;  // grown by the acceptor alone
};

}  // namespace creel::registry::test
