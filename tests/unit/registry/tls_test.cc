// Over TLS: whom a client trusts, what it shows of itself, and where it does not go from there. The server is
// openssl's, which sends files as whole answers.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdio>

#include "base/process.h"
#include "fake_server.h"
#include "registry/client.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::test;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class TlsServer {
 public:
  // `arguments` besides those for certificate and address.
  TlsServer(const Sandbox& sandbox, const std::vector<std::string>& arguments) {
    const std::string home = sandbox.home();
    auto made = run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                             "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                             "-keyout", home + "/tls.key", "-out", home + "/tls.crt"});
    REQUIRE(made);
    REQUIRE(made->exit_code == 0);
    int out[2];
    REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
    Fd read_end(out[0]), write_end(out[1]);
    SpawnRequest request;
    request.path = "openssl";
    request.argv = {"openssl",         "s_server", "-accept",         "127.0.0.1:0", "-cert",
                    home + "/tls.crt", "-key",     home + "/tls.key", "-HTTP"};
    request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
    request.fds = {{write_end.get(), 1}, {write_end.get(), 2}};
    request.cwd = home;
    request.parent_death_signal = SIGKILL;
    auto process = spawn(request);
    REQUIRE(process);
    process_ = std::move(*process);
    write_end.reset();
    std::string text;
    const std::string mark = "ACCEPT 127.0.0.1:";
    while (!holds(text, mark) || text.find('\n', text.find(mark)) == std::string::npos) {
      char bytes[512];
      const ssize_t n = ::read(read_end.get(), bytes, sizeof bytes);
      INFO(text);
      REQUIRE(n > 0);
      text.append(bytes, static_cast<std::size_t>(n));
    }
    host_ = text.substr(text.find(mark) + 7);
    host_ = host_.substr(0, host_.find('\n'));
    output_ = std::move(read_end);
  }
  ~TlsServer() {
    (void)pidfd_signal(process_.pidfd(), SIGKILL).ok();
    (void)process_.wait().ok();
  }
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  Process process_;
  Fd output_;  // open, so that it can go on writing
  std::string host_;
};

Result<FetchedManifest> fetch(const TlsServer& server, const ClientOptions& options,
                              const std::string& tag = "latest") {
  auto client = Client::open(server.host(), options);
  REQUIRE(client);
  return (*client)->manifest("x", tag);
}

}  // namespace

TEST_CASE("TLS: an unknown authority is refused, one in a certificates' directory is trusted") {
  Sandbox sandbox;
  FakeServer plain([](const Request&) { return Response{200, "{}"}; });
  sandbox.write("v2/x/manifests/latest", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  sandbox.write("v2/x/manifests/down",
                "HTTP/1.1 307 Moved\r\nContent-Length: 0\r\nLocation: " + plain.url() + "/v2/x\r\n\r\n");
  TlsServer server(sandbox, {});
  ClientOptions options;
  options.retries = 0;
  auto refused = fetch(server, options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kUnavailable);
  CHECK(holds(refused.error().text, "certificate"));
  CHECK(holds(refused.error().hint, "certs.d/" + server.host()));

  auto authority = read_file(sandbox.home() + "/tls.crt");
  REQUIRE(authority);
  sandbox.write("certs/ca.crt", *authority);
  options.cert_dir = sandbox.home() + "/certs";
  auto trusted = fetch(server, options);
  INFO((trusted ? "" : trusted.error().text));
  CHECK(trusted.ok());
  options.cert_dir.clear();
  sandbox.write(".config/containers/certs.d/" + server.host() + "/ca.crt", *authority);
  CHECK(fetch(server, options).ok());

  // What was asked for securely is not fetched from anybody who sits in between.
  auto down = fetch(server, options, "down");
  REQUIRE_FALSE(down);
  CHECK(holds(down.error().text, "plain HTTP"));
  CHECK(plain.seen().empty());
  options.tls_verify = false;
  CHECK(fetch(server, options, "down").ok());
}

TEST_CASE("TLS: a client certificate is shown where one is kept; where one is wanted, the error says so") {
  Sandbox sandbox;
  sandbox.write("v2/x/manifests/latest", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  TlsServer server(sandbox, {"-Verify", "1", "-verify_return_error", "-CAfile", sandbox.home() + "/tls.crt"});
  ClientOptions options;
  options.tls_verify = false;
  options.retries = 0;
  auto refused = fetch(server, options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kUnavailable);
  CHECK(holds(refused.error().hint, "client certificate"));
  auto certificate = read_file(sandbox.home() + "/tls.crt"), key = read_file(sandbox.home() + "/tls.key");
  REQUIRE(certificate);
  REQUIRE(key);
  sandbox.write("certs/me.cert", *certificate);
  sandbox.write("certs/me.key", *key);
  options.cert_dir = sandbox.home() + "/certs";
  auto shown = fetch(server, options);
  INFO((shown ? "" : shown.error().text));
  CHECK(shown.ok());
}

TEST_CASE("TLS: a registry that speaks plain HTTP alone") {
  Sandbox sandbox;
  FakeServer plain([](const Request&) { return Response{200, "{}"}; });
  ClientOptions options;
  options.tls_verify = true;
  auto client = Client::open(plain.host(), options);
  REQUIRE(client);
  CHECK((*client)->manifest("x", "latest").error().code == Code::kUnavailable);
  CHECK(plain.seen().empty());
}
