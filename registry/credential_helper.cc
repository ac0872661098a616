#include "registry/credential_helper.h"

#include <nlohmann/json.hpp>

#include "base/process.h"
#include "registry/oci/json.h"

namespace creel::registry {

namespace {
// Part of the protocol, told by every helper that has none.
constexpr const char* kNone = "credentials not found";
}  // namespace

bool CredentialHelper::present() const {
  return name_.find('/') == std::string::npos && find_program("docker-credential-" + name_).ok();
}

// Its stdout; kNotFound with kNone where it has no credentials.
Result<std::string> CredentialHelper::ask(const char* verb, const std::string& server, const std::string& input) const {
  const std::string program = "docker-credential-" + name_;
  if (name_.find('/') != std::string::npos)
    return fail(Code::kInvalid, "credential helper '" + oci::printable(name_, 60) + "': malformed name");
  TRY_SET(const std::string found, find_program(program));
  TRY_SET(const RunOutput output, run_program({found, verb}, input));
  if (output.exit_code == 0) return output.out;
  if (output.out.find(kNone) != std::string::npos) return fail(Code::kNotFound, kNone);
  return fail(Code::kDenied, "asking " + program + " to " + verb + " credentials of " + server +
                                 ": it failed with exit code " + std::to_string(output.exit_code));
}

Result<Credentials> CredentialHelper::get(const std::string& server) const {
  auto answer = ask("get", server, server);
  if (!answer.ok()) {
    if (answer.error().text == kNone) return Credentials{};
    return std::move(answer).error();
  }
  const auto document = oci::parse_json(*answer);
  Credentials out{oci::string_member(document, "Username"), oci::string_member(document, "Secret"), {}};
  if (out.user.empty() && out.password.empty())
    return fail(Code::kInvalid,
                "asking docker-credential-" + name_ + " for credentials of " + server + ": its answer is malformed");
  if (out.user == "<token>") out.identity_token = std::exchange(out.password, {});
  return out;
}

Result<void> CredentialHelper::store(const std::string& server, const Credentials& who) const {
  const nlohmann::json input = {{"ServerURL", server}, {"Username", who.user}, {"Secret", who.password}};
  TRY(ask("store", server, input.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  return {};
}

Result<void> CredentialHelper::erase(const std::string& server) const {
  auto answer = ask("erase", server, server);
  if (!answer.ok() && answer.error().text != kNone) return std::move(answer).error();
  return {};
}

}  // namespace creel::registry
