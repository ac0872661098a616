#include "engine/runtime/cgroup/dbus.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "../base/support.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

Deadline in_ms(int ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
}

// A listening socket, and the first connection to it.
class Server {
 public:
  explicit Server(const std::string& path) : listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, path.data(), path.size());
    REQUIRE(bind(listener_.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
    REQUIRE(listen(listener_.get(), 1) == 0);
  }
  Fd accept() { return Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

 private:
  Fd listener_;
};

std::string reply(std::uint8_t type, std::uint32_t reply_serial, const std::string& error_name,
                  const std::string& text) {
  DBusWriter body;
  if (!text.empty()) body.string(text);
  DBusWriter out;
  for (const int byte : {int{'l'}, int{type}, 0, 1}) out.byte(static_cast<std::uint8_t>(byte));
  out.u32(static_cast<std::uint32_t>(body.bytes().size()));
  out.u32(77);
  const auto fields = out.begin_array(8);
  out.begin_struct();
  out.byte(5);
  out.signature("u");
  out.u32(reply_serial);
  if (!error_name.empty()) {
    out.begin_struct();
    out.byte(4);
    out.signature("s");
    out.string(error_name);
  }
  if (!text.empty()) {
    out.begin_struct();
    out.byte(8);
    out.signature("g");
    out.signature("s");
  }
  out.end_array(fields);
  out.begin_struct();
  return out.bytes() + body.bytes();
}

}  // namespace

TEST_CASE("arguments are marshalled as the D-Bus specification aligns them") {
  DBusWriter out;
  out.byte(1);
  out.u32(0x01020304);
  out.string("ab");
  out.u64(5);
  const auto array = out.begin_array(8);
  out.begin_struct();
  out.signature("t");
  out.end_array(array);
  const std::string expected(
      "\x01\0\0\0\x04\x03\x02\x01"
      "\x02\0\0\0"
      "ab\0\0"
      "\x05\0\0\0\0\0\0\0"
      "\x03\0\0\0\0\0\0\0\x01t\0",
      35);
  CHECK(out.bytes() == expected);
}

TEST_CASE("a call is read as it was written") {
  DBusWriter arguments;
  arguments.string("creel.scope");
  const std::string bytes =
      encode_call({"org.example", "/org/example", "org.example.I", "Do", "s", arguments.bytes()}, 9);
  CHECK(*message_size(bytes) == bytes.size());
  const auto message = decode_message(bytes);
  REQUIRE(message.ok());
  CHECK(message->type == DBusMessage::Type::kCall);
  CHECK(message->interface == "org.example.I");
  CHECK(message->member == "Do");
  CHECK(message->signature == "s");
  CHECK(DBusReader(message->body).string() == "creel.scope");
}

TEST_CASE("no message, cut or changed anywhere, is read beyond its end") {
  const std::string good = encode_call({"org.example", "/org/example", "org.example.I", "Do", "", ""}, 9);
  for (std::size_t size = 0; size < good.size(); ++size) {
    // In memory of its own, for the sanitizer to see.
    const std::string part(good.data(), size);
    CHECK_FALSE(decode_message(part).ok());
  }
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int value : {0, 1, 0x7f, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(value);
      refused += decode_message(bad).ok() ? 0 : 1;
    }
  }
  CHECK(refused > 0);
  std::string huge = good;
  std::memcpy(huge.data() + 4, "\xff\xff\xff\x7f", 4);
  CHECK(message_size(huge).error().code == Code::kInvalid);
}

TEST_CASE("addresses of a bus") {
  const auto addresses =
      parse_bus_address("tcp:host=x;unix:path=/run/user/1000/a%20b,guid=0123;unix:abstract=/tmp/dbus-1");
  REQUIRE(addresses.size() == 2);
  CHECK(addresses[0].path == "/run/user/1000/a b");
  CHECK_FALSE(addresses[0].abstract);
  CHECK(addresses[1].path == "/tmp/dbus-1");
  CHECK(addresses[1].abstract);
  CHECK(parse_bus_address("").empty());
}

TEST_CASE("a socket that nobody serves is unavailable") {
  const test::TempDir dir;
  const auto refused = DBus::connect({dir / "none", false, false}, 0);
  CHECK(refused.error().code == Code::kUnavailable);
  CHECK(DBus::connect({std::string(200, 'x'), false, false}, 0).error().code == Code::kUnavailable);
}

TEST_CASE("no message is sent before the login is accepted: systemd would not look at it") {
  const test::TempDir dir;
  Server server(dir / "socket");
  auto bus = DBus::connect({dir / "socket", false, false}, 1000);
  REQUIRE(bus.ok());
  std::string login, message;
  std::thread peer([&] {
    const Fd connection = server.accept();
    const auto receive = [&connection](std::string& into) {
      char buffer[4096];
      const ssize_t n = recv(connection.get(), buffer, sizeof buffer, 0);
      into.assign(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
    };
    // In pieces, as a stream may give them.
    const auto send_slowly = [&connection](const std::string& bytes) {
      for (const char c : bytes) (void)!::send(connection.get(), &c, 1, MSG_NOSIGNAL);
    };
    receive(login);
    send_slowly("OK 0123\r\n");
    receive(message);
    send_slowly(reply(2, 1, "", "fine"));
  });
  const auto answer = bus->call({"ignored", "/o", "i.i", "M", "", ""}, in_ms(10'000));
  peer.join();
  REQUIRE(answer.ok());
  CHECK(DBusReader(answer->body).string() == "fine");
  CHECK(login == std::string("\0AUTH EXTERNAL 31303030\r\nBEGIN\r\n", 32));
  CHECK(decode_message(message)->member == "M");
}

TEST_CASE("what goes wrong on the other side is told") {
  const test::TempDir dir;
  Server server(dir / "socket");
  auto bus = DBus::connect({dir / "socket", false, false}, 1000);
  REQUIRE(bus.ok());
  Fd connection = server.accept();
  const auto say = [&connection](const std::string& bytes) {
    REQUIRE(::send(connection.get(), bytes.data(), bytes.size(), 0) > 0);
  };
  const auto call = [&bus](int ms, std::string* name) {
    return bus->call({"", "/o", "i.i", "M", "", ""}, in_ms(ms), name);
  };
  std::string name;
  SUBCASE("an error reply") {
    say("OK 0123\r\n" + reply(3, 1, "org.example.Busy", "try later"));
    CHECK(call(10'000, &name).error().text == "M: try later");
    CHECK(name == "org.example.Busy");
  }
  SUBCASE("a refusal") {
    say("REJECTED EXTERNAL\r\n");
    CHECK(call(10'000, &name).error().code == Code::kDenied);
  }
  SUBCASE("garbage") {
    say("OK 0123\r\n" + std::string(64, 'x'));
    CHECK(call(10'000, &name).error().code == Code::kInvalid);
  }
  SUBCASE("an endless line") {
    say(std::string(2000, 'x'));
    CHECK_FALSE(call(10'000, &name).ok());
  }
  SUBCASE("silence") {
    CHECK(call(30, &name).error().err == ETIMEDOUT);
  }
  SUBCASE("the end") {
    say("OK 0123\r\n");
    connection.reset();
    CHECK(call(10'000, &name).error().text == "M: systemd closed the connection");
  }
}
