// How the container ends and what is kept of it: stop signal, logs, --rm, cidfile and pidfile.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/signals.h"
#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/passes.h"
#include "engine/container/runtime_choice.h"
#include "engine/container/service.h"
#include "engine/container/state.h"
#include "engine/health/health.h"
#include "engine/monitor/shared/journal.h"

namespace creel::engine {

namespace {

Result<std::string> absolute(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  char here[4096];
  if (!getcwd(here, sizeof here)) return errno_error("finding the current directory");
  return std::string(here) + "/" + path;
}

bool is_built(const std::string& log_driver) {
  return log_driver == "k8s-file" || log_driver == "json-file" || log_driver == "none" || log_driver == "journald" ||
         log_driver == "passthrough" || log_driver == "passthrough-tty";
}

bool has_journal() { return access(monitor::kJournalSocket, W_OK) == 0; }

Result<void> check_log_driver(const ContainerConfig& config) {
  if (config.log_driver == "journald" && !has_journal()) return monitor::no_journal();
  if (config.log_driver == "passthrough" && config.tty) {
    return fail(Code::kInvalid, "the '--log-driver passthrough' option cannot be used on a TTY");
  }
  return {};
}

}  // namespace

Result<void> pass_life(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  config.remove = options.remove;
  if (options.remove && options.replace && options.name.empty()) {
    return fail(Code::kInvalid, "cannot replace container without --name being set");
  }
  if (options.replace && options.name.empty())
    return fail(Code::kInvalid, "cannot replace container without --name being set");
  const std::string& signal = options.stop_signal.empty() ? creation.image_config.stop_signal : options.stop_signal;
  if (!signal.empty()) {
    auto number = parse_signal(signal);
    if (number.ok()) {
      config.stop_signal = signal_name(*number);
    } else if (!options.stop_signal.empty()) {
      return std::move(number).error();
    } else {
      creation.engine.warn("the image's stop signal \"" + signal + "\" is unknown, SIGTERM is used");
    }
  }
  config.timeout = options.timeout;
  if (options.stop_timeout) config.stop_timeout = *options.stop_timeout;
  for (const std::string& name : options.requires_) {
    auto found = find_record(creation.engine, name);
    if (!found.ok()) return std::move(found).error().within("container dependency \"" + name + "\"");
    config.requires_.push_back(found->id);
  }
  if (!options.sdnotify.empty()) {
    TRY(check_sdnotify(options.sdnotify));
    config.sdnotify = options.sdnotify;
  }
  TRY_SET(config.restart, parse_restart_policy(options.restart));
  if (options.remove && config.restart.restarts() && config.restart.policy != "on-failure") {
    return fail(Code::kInvalid, "the --rm option conflicts with --restart, when the restartPolicy is not \"on-failure\" and \"no\"");
  }
  TRY(apply_health(options.health, creation.image_config.health, config.health));
  // It would never be said.
  if (config.sdnotify == "healthy" && !config.health.check.runs()) {
    return fail(Code::kInvalid, "sdnotify policy \"healthy\" requires a healthcheck to be set");
  }
  return {};
}

Result<void> pass_logging(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  TRY_SET(const EngineConfiguration* defaults, creation.engine.configuration());
  if (!options.log_driver.empty()) {
    config.log_driver = options.log_driver;
  } else if (is_built(defaults->log_driver) && (defaults->log_driver != "journald" || has_journal())) {
    config.log_driver = defaults->log_driver;
  } else if (!defaults->log_driver.empty()) {
    // A file that other engines share must not keep this one from running anything.
    creation.engine.warn("containers.conf: log driver " + defaults->log_driver +
                         (is_built(defaults->log_driver) ? " finds no journal, " : " is not built, ") + config.log_driver + " is used");
  }
  if (defaults->log_size_max) config.log_max_size = *defaults->log_size_max > 0 ? *defaults->log_size_max : -1;
  if (!is_built(config.log_driver)) {
    return fail(Code::kInvalid, "invalid log driver \"" + config.log_driver +
                                    "\": k8s-file, json-file, journald, passthrough or none is expected");
  }
  TRY(check_log_driver(config));
  for (const std::string& option : options.log_opt) {
    const Cut pair = cut(option, '=');
    if (!pair.found)
      return fail(Code::kInvalid, "invalid log option \"" + option + "\": must be of the form KEY=VALUE");
    if (pair.before == "max-size") {
      if (pair.after == "-1") {
        config.log_max_size = -1;
        continue;
      }
      TRY_SET(config.log_max_size, parse_size(pair.after, "--log-opt max-size"));
      if (config.log_max_size <= 0)
        return fail(Code::kInvalid, "--log-opt max-size=" + pair.after + ": must be greater than 0");
    } else if (pair.before == "max-file") {
      TRY_SET(std::int64_t files, parse_int(pair.after, "--log-opt max-file"));
      if (files < 1 || files > 1000)
        return fail(Code::kInvalid, "--log-opt max-file=" + pair.after + ": must be between 1 and 1000");
      config.log_max_files = static_cast<int>(files);
    } else if (pair.before == "path") {
      TRY_SET(config.log_path, absolute(pair.after));
    } else if (pair.before == "tag") {
      config.log_tag = pair.after;
      TRY(log_tag(config));
    } else {
      return fail(Code::kInvalid,
                  "invalid log option \"" + pair.before + "\": max-size, max-file, path or tag is expected");
    }
  }
  const bool to_file = config.log_driver == "k8s-file" || config.log_driver == "json-file";
  if (config.log_path.empty() && to_file) {
    config.log_path = creation.engine.paths().container(config.id) + "/log";
  }
  return {};
}

Result<void> pass_runtime(Creation& creation) {
  const Options& global = creation.engine.options();
  const std::string& asked = creation.options.runtime.empty() ? global.runtime : creation.options.runtime;
  TRY_SET(const EngineConfiguration* configuration, creation.engine.configuration());
  TRY_SET(RuntimeChoice choice, choose_runtime(asked, *configuration));
  ContainerConfig& config = creation.config;
  config.runtime = std::move(choice.name);
  config.runtime_path = std::move(choice.path);
  config.runtime_flags = global.runtime_flags;
  config.runtime_flags.insert(config.runtime_flags.end(), creation.options.runtime_flags.begin(),
                              creation.options.runtime_flags.end());
  return {};
}

Result<void> pass_id_files(Creation& creation) {
  ContainerConfig& config = creation.config;
  TRY_SET(config.cidfile, absolute(creation.options.cidfile));
  TRY_SET(config.pidfile, absolute(creation.options.pidfile));
  TRY_SET(config.monitor_pidfile, absolute(creation.options.monitor_pidfile));
  config.hosts_file = creation.options.hosts_file;
  if (!config.hosts_file.empty() && config.hosts_file != "none" && config.hosts_file != "image") {
    TRY_SET(config.hosts_file, absolute(config.hosts_file));
    if (access(config.hosts_file.c_str(), R_OK) != 0) return errno_error("open " + config.hosts_file).within("--hosts-file");
  }
  if (!config.cidfile.empty() && access(config.cidfile.c_str(), F_OK) == 0) {
    return fail(Code::kExists,
                "container id file exists. Ensure another container is not using it or delete " + config.cidfile);
  }
  return {};
}

}  // namespace creel::engine
