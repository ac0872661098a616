// What runs: command, environment, user, working directory, init.
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/container/passes.h"
#include "engine/container/spec_passes.h"
#include "engine/container/user_files.h"

extern "C" char** environ;

namespace creel::engine {

namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string value_of(const std::vector<std::string>& env, const std::string& key, bool& found) {
  for (const std::string& entry : env) {
    if (entry.size() > key.size() && entry[key.size()] == '=' && entry.compare(0, key.size(), key) == 0) {
      found = true;
      return entry.substr(key.size() + 1);
    }
  }
  found = false;
  return {};
}

// "$NAME" and "${NAME}" become the variable's value, as a shell has it.
std::string expand_variables(const std::string& text, const std::vector<std::string>& env) {
  const auto in_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool braces = text.compare(at, 2, "${") == 0;
    const std::size_t name = at + (braces ? 2 : 1);
    std::size_t end = name;
    while (text[at] == '$' && end < text.size() && in_name(text[end])) ++end;
    const bool closed = !braces || (end < text.size() && text[end] == '}');
    if (text[at] != '$' || end == name || !closed) {
      out += text[at++];
      continue;
    }
    bool found = false;
    out += value_of(env, text.substr(name, end - name), found);
    at = end + (braces ? 1 : 0);
  }
  return out;
}

void add_proxies(std::vector<std::string>& env) {
  for (const char* name : {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY",
                           "NO_PROXY"}) {
    if (const char* value = getenv(name)) set_env(env, name, value);
  }
}

bool is_init_system(const std::string& command) {
  for (const char* name : {"/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init"}) {
    if (command == name) return true;
  }
  return command.substr(command.rfind('/') + 1) == "systemd";
}

Result<void> set_systemd(Creation& creation) {
  ContainerConfig& config = creation.config;
  const std::string& mode = creation.options.systemd;
  if (mode == "always") {
    config.systemd = true;
  } else if (mode == "true") {
    config.systemd = is_init_system(config.entrypoint.empty() ? config.command.front() : config.entrypoint.front());
  } else if (mode != "false") {
    return fail(Code::kInvalid, "--systemd values must be one of \"true, false, always\": invalid configuration");
  }
  // What systemd takes for "halt".
  if (config.systemd) config.stop_signal = "SIGRTMIN+3";
  return {};
}

}  // namespace

Result<std::string> time_zone_file(const std::string& zone) {
  std::string path = "/etc/localtime";
  if (zone != "local") {
    path = clean_path("/usr/share/zoneinfo/" + zone);
    if (path.rfind("/usr/share/zoneinfo/", 0) != 0) return fail(Code::kInvalid, "--tz " + zone + ": not a time zone");
  }
  char* real = realpath(path.c_str(), nullptr);
  if (!real) return errno_error("stat " + path).within("finding time zone");
  std::string out = real;
  free(real);
  return out;
}

std::vector<std::string> host_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; entry && *entry; ++entry) out.emplace_back(*entry);
  return out;
}

bool has_env(const std::vector<std::string>& env, const std::string& key) {
  bool found = false;
  value_of(env, key, found);
  return found;
}

void set_env(std::vector<std::string>& env, const std::string& key, const std::string& value) {
  std::string entry = key;
  entry.append("=").append(value);
  for (std::string& old : env) {
    if (old.size() > key.size() && old[key.size()] == '=' && old.compare(0, key.size(), key) == 0) {
      old = std::move(entry);
      return;
    }
  }
  env.push_back(std::move(entry));
}

Result<void> add_env(const std::string& text, const std::vector<std::string>& host, std::vector<std::string>& env) {
  Cut parts = cut(text, '=');
  if (parts.before.empty()) return fail(Code::kInvalid, "invalid environment variable: \"" + text + "\"");
  if (parts.found) {
    set_env(env, parts.before, parts.after);
    return {};
  }
  if (parts.before.back() == '*') {
    const std::string prefix = parts.before.substr(0, parts.before.size() - 1);
    for (const std::string& entry : host) {
      Cut pair = cut(entry, '=');
      if (pair.found && pair.before.rfind(prefix, 0) == 0) set_env(env, pair.before, pair.after);
    }
    return {};
  }
  bool found = false;
  std::string value = value_of(host, parts.before, found);
  if (found) set_env(env, parts.before, value);
  return {};
}

Result<void> add_env_file(const std::string& path, const std::vector<std::string>& host,
                          std::vector<std::string>& env) {
  auto text = read_file(path, 4 << 20);
  if (!text.ok()) {
    if (text.error().err != 0) return fail(Code::kFailed, errno_error("open " + path, text.error().err).text);
    return std::move(text).error();
  }
  for (std::string line : split(*text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string::npos || line[start] == '#') continue;
    line.erase(0, start);
    const Cut parts = cut(line, '=');
    if (parts.before.find_first_of(" \t") != std::string::npos) {
      return fail(Code::kInvalid, "parsing file " + path + ": variable \"" + parts.before + "\" contains whitespaces");
    }
    TRY(add_env(line, host, env));
  }
  return {};
}

std::vector<std::string> parse_entrypoint(const std::string& text) {
  if (text.empty()) return {};
  if (text.front() == '[') {
    const nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
    if (value.is_array()) {
      std::vector<std::string> out;
      bool all = true;
      for (const auto& item : value) {
        if (const auto* word = item.get_ptr<const std::string*>())
          out.push_back(*word);
        else
          all = false;
      }
      if (all) return out;
    }
  }
  return {text};
}

Result<void> pass_command(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  config.entrypoint = options.entrypoint ? parse_entrypoint(*options.entrypoint) : creation.image_config.entrypoint;
  config.command = options.command;
  // A replaced entry point does not get the arguments that were meant for the image's own.
  if (config.command.empty() && !options.entrypoint) config.command = creation.image_config.cmd;
  if (config.entrypoint.empty() && config.command.empty()) {
    return fail(Code::kInvalid, "no command or entrypoint provided, and no CMD or ENTRYPOINT from image");
  }
  config.workdir = options.workdir ? *options.workdir : creation.image_config.workdir;
  config.create_workdir = true;
  if (config.workdir.empty()) config.workdir = "/";
  if (config.workdir.front() != '/') {
    if (options.workdir)
      return fail(Code::kInvalid, "--workdir \"" + *options.workdir + "\": the path must be absolute");
    config.workdir.insert(0, "/");
  }
  config.tty = options.tty;
  config.open_stdin = options.interactive;
  config.read_only = options.read_only;
  config.no_tmpfs = !options.read_only_tmpfs;
  config.tz = options.tz;
  if (!config.tz.empty()) TRY(time_zone_file(config.tz));
  TRY(set_systemd(creation));
  if (options.umask) {
    char* end = nullptr;
    const unsigned long mask = std::strtoul(options.umask->c_str(), &end, 8);
    if (options.umask->empty() || *end != '\0' || mask > 0777) {
      return fail(Code::kInvalid, "invalid umask " + *options.umask + ": invalid argument");
    }
    config.umask = static_cast<std::uint32_t>(mask);
  }
  return {};
}

Result<void> pass_user(Creation& creation) {
  ContainerConfig& config = creation.config;
  config.user = creation.options.user.empty() ? creation.image_config.user : creation.options.user;
  if (config.user.find_first_of("\n/") != std::string::npos || (!config.user.empty() && config.user.front() == ':')) {
    return fail(Code::kInvalid, "--user \"" + config.user + "\": must be of the form USER[:GROUP]");
  }
  // With keep-id the caller is who they are outside.
  if (config.user.empty() && config.userns.rfind("keep-id", 0) == 0) {
    TRY_SET(KeepId keep, parse_keep_id(config.userns));
    config.user = std::to_string(keep.uid.value_or(getuid())) + ":" + std::to_string(keep.gid.value_or(getgid()));
  }
  config.domainname = creation.options.domainname;
  config.no_passwd = !creation.options.passwd;
  config.passwd_entry = creation.options.passwd_entry;
  config.group_entry = creation.options.group_entry;
  for (const std::string& user : creation.options.hostuser) TRY(host_user_line(user));
  config.host_users = creation.options.hostuser;
  if ((config.passwd_entry + config.group_entry).find('\n') != std::string::npos) {
    return fail(Code::kInvalid, "--passwd-entry and --group-entry are one line each");
  }
  config.hostname = creation.options.hostname;
  if (config.hostname.size() > 64) {
    return fail(Code::kInvalid, "--hostname \"" + config.hostname + "\": a host name has at most 64 characters");
  }
  if (config.hostname.empty()) {
    if (config.network == "host" || config.uts == "host") {
      char name[256] = {};
      gethostname(name, sizeof name - 1);
      config.hostname = name;
    } else {
      config.hostname = config.id.substr(0, 12);
    }
  }
  return {};
}

Result<void> pass_environment(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  std::vector<std::string>& env = config.env;
  if (!options.unsetenv_all) {
    set_env(env, "PATH", kDefaultPath);
    if (config.tty) set_env(env, "TERM", "xterm");
    set_env(env, "container", "podman");
    if (options.http_proxy) add_proxies(env);
    for (const std::string& entry : creation.image_config.env) {
      Cut parts = cut(entry, '=');
      if (!parts.before.empty()) set_env(env, parts.before, parts.after);
    }
    set_env(env, "HOSTNAME", config.hostname);
    if (config.systemd) set_env(env, "container_uuid", config.id.substr(0, 32));  // systemd's machine ID
  }
  for (const std::string& name : options.unsetenv) {
    std::erase_if(env, [&](const std::string& entry) { return entry.rfind(name + "=", 0) == 0; });
  }
  const bool more = !options.env.empty() || !options.env_file.empty() || !options.env_merge.empty();
  if (!more && !options.env_host) return {};
  const std::vector<std::string> host = host_environment();
  if (options.env_host) {
    for (const std::string& entry : host) {
      Cut parts = cut(entry, '=');
      if (!parts.before.empty() && !has_env(env, parts.before)) set_env(env, parts.before, parts.after);
    }
  }
  // All of them from what was there before the first.
  const std::vector<std::string> before = env;
  for (const std::string& entry : options.env_merge) {
    const Cut parts = cut(entry, '=');
    if (!parts.found || parts.before.empty())
      return fail(Code::kInvalid, "invalid --env-merge \"" + entry + "\": must be of the form NAME=VALUE");
    set_env(env, parts.before, expand_variables(parts.after, before));
  }
  for (const std::string& path : options.env_file) TRY(add_env_file(path, host, env));
  for (const std::string& entry : options.env) TRY(add_env(entry, host, env));
  return {};
}

Result<void> pass_init(Creation& creation) {
  ContainerConfig& config = creation.config;
  config.init = creation.options.init;
  if (!config.init) return {};
  config.init_path = creation.options.init_path;
  if (config.init_path.empty()) {
    TRY_SET(const EngineConfiguration* defaults, creation.engine.configuration());
    config.init_path = defaults->init_path;
  }
  if (!config.init_path.empty()) {
    if (!path_exists(config.init_path)) return errno_error("statfs " + config.init_path, ENOENT);
    return {};
  }
  auto program = libexec_program("creel-init");
  if (!program) return std::move(program).error().within("--init");
  config.init_path = std::move(*program);
  return {};
}

}  // namespace creel::engine
