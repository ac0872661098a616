#include "cmd/images/login.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "cmd/images/common.h"
#include "engine/secret/secret.h"
#include "registry/client.h"
#include "registry/registries_conf.h"

namespace creel::cmd {

using registry::Credentials;

namespace {

constexpr std::size_t kLongest = 64 << 10;

// A line that the user types, up to its end; on stderr what is wanted.
Result<std::string> read_line() {
  std::string out;
  for (char c = 0; out.size() < kLongest;) {
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0) return errno_error("reading from standard input");
    if (got == 0 || c == '\n') break;
    out += c;
  }
  if (out.ends_with('\r')) out.pop_back();
  return out;
}

Result<std::string> prompt(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  return read_line();
}

// Without echo; the terminal is put back whatever comes.
Result<std::string> prompt_secret(const std::string& text) {
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) {
    return fail(Code::kInvalid, "a password cannot be asked for: standard input is no terminal")
        .with_hint("give it with --password-stdin");
  }
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  silent.c_lflag |= ISIG | ICANON;
  if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0) return errno_error("turning off the terminal's echo");
  auto line = prompt(text);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  std::puts("");
  return line;
}

std::string domain_of(const std::string& key) {
  return cut(key, '/').before;
}

}  // namespace

Result<std::string> login_key(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return registry::auth_key(arguments[0]);
  TRY_SET(const auto conf, registry::RegistriesConf::load());
  const auto& search = conf.unqualified_search_registries();
  if (!search.empty()) return search.front();
  return fail(Code::kInvalid, "no registries found in registries.conf, a registry must be provided");
}

void LoginCommand::declare(Flags& flags) {
  flags.value("--authfile", authfile_, "string", "File of credentials instead of the usual one");
  flags.value("--cert-dir", cert_dir_, "string", "Directory of certificates and keys for the registry");
  flags.value("--compat-auth-file", compat_, "string", "File of credentials in Docker's format to update");
  flags.flag("--get-login", get_login_, "Print the user who is logged in");
  flags.value("-p,--password", password_, "string", "Password; anybody on this host can read it from the command line");
  flags.flag("--password-stdin", password_stdin_, "Read the password from standard input");
  flags.value("--secret", secret_, "string",
              "Secret that holds the password; the user name, too, if no other is given");
  flags.flag("--tls-verify", tls_verify_, "Require HTTPS and verify certificates");
  flags.value("-u,--username", user_, "string", "User name");
  flags.flag("-v,--verbose", verbose_, "Print where the credentials are kept");
  flags.arguments(arguments_);
}

Result<void> LoginCommand::check_flags() const {
  if (!secret_.empty() && (password_stdin_ || !password_.empty())) {
    return fail(Code::kInvalid, "--secret cannot be used with --password or --password-stdin");
  }
  if (!password_stdin_) return {};
  if (!password_.empty()) return fail(Code::kInvalid, "Can't specify both --password-stdin and --password");
  if (user_.empty()) return fail(Code::kInvalid, "Must provide --username with --password-stdin");
  return {};
}

// `known`: the user who was logged in so far.
Result<Credentials> LoginCommand::ask(const std::string& known) const {
  Credentials out{user_, password_, {}};
  if (password_stdin_) {
    TRY_SET(out.password, read_all(STDIN_FILENO, kLongest));
    if (out.password.ends_with('\n')) out.password.pop_back();
    if (out.password.ends_with('\r')) out.password.pop_back();
  }
  if (out.user.empty()) {
    TRY_SET(const std::string line, prompt(known.empty() ? "Username: " : "Username (" + known + "): "));
    out.user = trim(line).empty() ? known : std::string(trim(line));
  }
  if (out.user.empty() || out.user.find(':') != std::string::npos) {
    return fail(Code::kInvalid, "a user name without a colon is needed");
  }
  if (out.password.empty() && !password_stdin_) {
    TRY_SET(out.password, prompt_secret("Password: "));
  }
  if (out.password.empty()) return fail(Code::kInvalid, "the password is empty");
  return out;
}

Result<void> LoginCommand::try_out(const std::string& key, const Credentials& who) const {
  registry::ClientOptions options;
  options.cert_dir = cert_dir_;
  options.tls_verify = tls_verify_;
  options.creds = who.user + ":" + who.password;
  TRY_SET(const auto client, registry::Client::open(domain_of(key), options));
  return client->check_login();
}

Result<int> LoginCommand::log_in(const std::string& key, const registry::AuthFile& file) {
  // A file that does not exist yet holds nothing.
  const std::string named = !authfile_.empty() ? authfile_ : compat_;
  Credentials known;
  if (named.empty() || path_exists(named)) {
    TRY_SET(known, registry::find_credentials(domain_of(key), cut(key, '/').after, named, {}));
  }
  if (get_login_) {
    if (known.user.empty()) return fail(Code::kNotFound, "not logged into " + key);
    std::printf("%s\n", known.user.c_str());
    return 0;
  }
  const bool given = !user_.empty() || !password_.empty();
  if (!given && !known.user.empty() && known.identity_token.empty()) {
    std::printf("Authenticating with existing credentials for %s\n", key.c_str());
    if (try_out(key, known).ok()) {
      std::printf("Existing credentials are valid. Already logged in to %s\n", domain_of(key).c_str());
      return 0;
    }
    std::puts("Existing credentials are invalid, please enter valid username and password");
  }
  TRY_SET(const Credentials who, ask(known.user));
  if (auto accepted = try_out(key, who); !accepted.ok()) {
    if (accepted.error().code == Code::kDenied) {
      return fail(Code::kDenied, "logging into \"" + key + "\": invalid username/password");
    }
    return std::move(accepted).error().within("logging into \"" + key + "\"");
  }
  TRY(file.store(key, who));
  if (verbose_) std::printf("Used: %s\n", file.path().c_str());
  std::puts("Login Succeeded!");
  return 0;
}

Result<int> LoginCommand::run(Context& context) {
  TRY(check_flags());
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(apply_environment(engine));
  if (!secret_.empty()) {
    TRY_SET(const engine::Secret secret, engine::find_secret(engine, secret_));
    TRY_SET(password_, engine::secret_data(engine, secret));
    if (user_.empty()) user_ = secret.name;
  }
  TRY_SET(const std::string key, login_key(arguments_));
  TRY_SET(const auto file, registry::AuthFile::choose(authfile_, compat_));
  return log_in(key, file);
}

}  // namespace creel::cmd
