#include "engine/runtime/cgroup/dbus.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/text.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kMaxKept = 256;
constexpr std::size_t kMaxAuthLine = 512;

Error closed() {
  return fail(Code::kFailed, "systemd closed the connection");
}

// "%2f" of addresses.
std::string unescape(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::vector<DBusAddress> parse_bus_address(const std::string& text) {
  std::vector<DBusAddress> out;
  for (const std::string& one : split(text, ';')) {
    if (!one.starts_with("unix:")) continue;
    for (const std::string& pair : split(one.substr(5), ',')) {
      const Cut parts = cut(pair, '=');
      if (parts.before == "path" || parts.before == "abstract") {
        out.push_back({unescape(parts.after), parts.before == "abstract", true});
      }
    }
  }
  return out;
}

Result<DBus> DBus::connect(const DBusAddress& address, std::uint32_t host_uid) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  const std::size_t offset = address.abstract ? 1 : 0;
  if (address.path.empty() || address.path.size() + offset >= sizeof where.sun_path) {
    return fail(Code::kUnavailable, "connect to \"" + address.path + "\": not the name of a socket");
  }
  std::memcpy(where.sun_path + offset, address.path.data(), address.path.size());
  const std::size_t size = offsetof(sockaddr_un, sun_path) + offset + address.path.size() + (address.abstract ? 0 : 1);

  DBus out;
  out.bus_ = address.bus;
  out.socket_ = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.socket_) return errno_error("make a socket");
  if (::connect(out.socket_.get(), reinterpret_cast<const sockaddr*>(&where), static_cast<socklen_t>(size)) != 0) {
    Error error = errno_error("connect to " + address.path);
    error.code = Code::kUnavailable;
    return error;
  }
  const std::string uid = std::to_string(host_uid);
  out.login_ = std::string(1, '\0') + "AUTH EXTERNAL " +
               to_hex(reinterpret_cast<const unsigned char*>(uid.data()), uid.size()) + "\r\nBEGIN\r\n";
  if (out.bus_) {
    (void)out.send({"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "", ""});
  }
  return out;
}

std::uint32_t DBus::send(DBusCall call) {
  if (!bus_) call.destination.clear();
  out_ += encode_call(call, ++serial_);
  return serial_;
}

Result<void> DBus::wait(short events, Deadline deadline) const {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{socket_.get(), events, 0};
    const int ready = poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return {};
    if (ready == 0) return errno_error("wait for systemd", ETIMEDOUT);
    if (errno != EINTR) return errno_error("poll");
  }
}

Result<void> DBus::write(std::string& bytes, Deadline deadline) const {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.erase(0, static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      TRY(wait(POLLOUT, deadline));
    } else if (errno == EPIPE) {
      return closed();
    } else if (errno != EINTR) {
      return errno_error("write to systemd");
    }
  }
  return {};
}

// No message is written before the answer to the login: systemd would read it with the login, and then wait for more to
// come before it looks at it.
Result<void> DBus::flush(Deadline deadline) {
  if (!authenticated_) TRY(authenticate(deadline));
  return write(out_, deadline);
}

Result<void> DBus::fill(Deadline deadline) {
  char buffer[4096];
  for (;;) {
    const ssize_t n = recv(socket_.get(), buffer, sizeof buffer, 0);
    if (n > 0) {
      in_.append(buffer, static_cast<std::size_t>(n));
      return {};
    }
    if (n == 0) return closed();
    if (errno == EAGAIN) {
      TRY(wait(POLLIN, deadline));
    } else if (errno != EINTR) {
      return errno_error("read from systemd");
    }
  }
}

Result<void> DBus::authenticate(Deadline deadline) {
  TRY(write(login_, deadline));
  std::size_t end = 0;
  while ((end = in_.find("\r\n")) == std::string::npos) {
    if (in_.size() > kMaxAuthLine) return fail(Code::kFailed, "systemd does not answer as D-Bus does");
    TRY(fill(deadline));
  }
  if (!in_.starts_with("OK ")) return fail(Code::kDenied, "systemd does not accept this user on its socket");
  in_.erase(0, end + 2);
  authenticated_ = true;
  return {};
}

Result<DBusMessage> DBus::read_message(Deadline deadline) {
  TRY(flush(deadline));
  while (in_.size() < kDBusHeader) TRY(fill(deadline));
  TRY_SET(const std::size_t size, message_size(in_));
  while (in_.size() < size) TRY(fill(deadline));
  auto message = decode_message(std::string_view(in_).substr(0, size));
  in_.erase(0, size);
  return message;
}

Result<DBusMessage> DBus::receive(Deadline deadline) {
  TRY(flush(deadline));
  if (kept_.empty()) return read_message(deadline);
  DBusMessage first = std::move(kept_.front());
  kept_.erase(kept_.begin());
  return first;
}

Result<DBusMessage> DBus::call(DBusCall call, Deadline deadline, std::string* error_name) {
  const std::string member = call.member;
  const std::uint32_t serial = send(std::move(call));
  for (;;) {
    auto message = read_message(deadline);
    if (!message.ok()) return std::move(message).error().within(member);
    if (message->type == DBusMessage::Type::kSignal) {
      if (kept_.size() < kMaxKept) kept_.push_back(std::move(*message));
      continue;
    }
    if (message->reply_serial != serial) continue;  // of Hello and the like
    if (message->type == DBusMessage::Type::kReturn) return message;
    if (message->type != DBusMessage::Type::kError) continue;
    if (error_name != nullptr) *error_name = message->error_name;
    const bool has_text = message->signature.starts_with("s");
    const std::string text = has_text ? DBusReader(message->body).string() : message->error_name;
    return fail(Code::kFailed, member + ": " + text);
  }
}

}  // namespace creel::engine::runtime
