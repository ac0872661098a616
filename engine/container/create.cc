#include "engine/container/create.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/names.h"
#include "engine/container/passes.h"
#include "engine/container/user_mounts.h"
#include "engine/event/event.h"
#include "engine/image/obtain.h"
#include "engine/json.h"
#include "engine/volume/volume.h"
#include "storage/record_files.h"

namespace creel::engine {

using nlohmann::json;

namespace {

Result<void> run_passes(Creation& creation) {
  TRY(pass_identity(creation));
  TRY(pass_image(creation));
  TRY(pass_labels(creation));
  // The network's mode decides the host name, the user namespace the user.
  TRY(pass_network(creation));
  TRY(pass_namespaces(creation));
  TRY(pass_userns(creation));
  TRY(pass_command(creation));
  TRY(pass_user(creation));
  TRY(pass_environment(creation));
  TRY(pass_init(creation));
  TRY(pass_mounts(creation));
  TRY(pass_capabilities(creation));
  TRY(pass_security(creation));
  TRY(pass_devices(creation));
  TRY(pass_sysctls(creation));
  TRY(pass_limits(creation));
  TRY(pass_control_group(creation));
  TRY(pass_runtime(creation));
  TRY(pass_life(creation));
  TRY(pass_logging(creation));
  TRY(pass_id_files(creation));
  // Last, so that a free port has as little time as possible to be taken by another.
  TRY(pass_ports(creation));
  return {};
}

storage::ContainerRecord record_of(const ContainerConfig& config) {
  storage::ContainerRecord record;
  record.id = config.id;
  record.name = config.name;
  record.image = config.rootfs.empty() ? config.image : std::string();
  record.image_id = config.image_id;
  record.created_ns = config.created_ns;
  record.remove_on_exit = config.remove;
  json command = config.entrypoint;
  for (const std::string& word : config.command) command.push_back(word);
  record.command = dump_json(command);
  json ports = json::array();
  for (const net::PortMapping& port : config.ports) {
    ports.push_back({{"host_ip", port.host_ip},
                     {"container_port", port.container_port},
                     {"host_port", port.host_port},
                     {"range", 1},
                     {"protocol", port.protocol}});
  }
  record.ports = dump_json(ports);
  record.labels = dump_json(config.labels);
  json mounts = json::array();
  for (const VolumeMount& mount : config.mounts) {
    if (mount.type != VolumeMount::Type::kTmpfs) mounts.push_back(mount.destination);
  }
  record.mounts = dump_json(mounts);
  record.networks = "[]";
  record.config = to_json_text(config);
  return record;
}

// Claims name and ID. A made-up name that is taken is not the user's problem: another is made up. Returns the record.
Result<storage::ContainerRecord> claim_name(Creation& creation) {
  TRY_SET(storage::Store * store, creation.engine.store(storage::Store::Access::kWrite));
  ContainerConfig& config = creation.config;
  if (creation.options.replace) {
    auto removed = remove(creation.engine, config.name, RemoveOptions{.force = true, .volumes = false, .timeout = {}});
    if (!removed.ok() && removed.error().code != Code::kNotFound) return std::move(removed).error();
  }
  storage::Store::Complete complete;
  if (config.userns == "auto") {
    // Disjoint from all others' IDs, however many are created at once.
    complete = [&](const std::vector<std::string>& others) -> Result<std::string> {
      TRY(allocate_ids(creation, others));
      return to_json_text(config);
    };
  }
  for (int attempt = 0;; ++attempt) {
    storage::ContainerRecord record = record_of(config);
    auto added = store->add_container(record, creation.volumes, complete);
    if (added.ok()) {
      if (complete) record.config = to_json_text(config);
      return record;
    }
    if (added.error().code != Code::kExists) return std::move(added).error();
    if (!creation.options.name.empty() || attempt == 20) {
      Error error = std::move(added).error();
      error.text += ", or use --replace to instruct creel to do so";
      return error;
    }
    config.name = made_up_name();
  }
}

// The container's root directory looks like the image's: overlay takes it from the upper directory.
mode_t root_mode(Engine& engine, const ContainerConfig& config) {
  struct stat info {};
  if (!config.layers.empty() && stat(engine.paths().layer(config.layers.back()).c_str(), &info) == 0) {
    return (info.st_mode & 07777) | 0700;
  }
  return 0755;
}

Result<void> make_dir(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0) {
    if (errno != ENOENT) return errno_error("making directory " + path);
    TRY(make_dirs(path.substr(0, path.rfind('/')), 0700));
    if (mkdir(path.c_str(), mode) != 0) return errno_error("making directory " + path);
  }
  return {};
}

Error was_removed(const std::string& id) {
  return fail(Code::kNotFound, "container " + id + " was removed while it was being created");
}

Result<void> make_files(Creation& creation, const storage::ContainerRecord& record, Fd* claim) {
  const ContainerConfig& config = creation.config;
  const std::string dir = creation.engine.paths().container(config.id);
  if (auto made = make_dir(dir, 0700); !made.ok()) {
    // By who removes it: see claim_for_removal().
    return made.error().err == EEXIST ? was_removed(record.id) : std::move(made).error();
  }
  // Before the record's file: a directory that has that, and is not locked, is nobody's who will start it.
  TRY_SET(Fd lock, open_file(dir, O_RDONLY | O_DIRECTORY));
  (void)flock(lock.get(), LOCK_SH);
  // Who removed it before that found nothing to lock, and is done; who comes now waits.
  TRY_SET(storage::Store * store, creation.engine.store());
  if (auto there = store->container(record.id); !there.ok()) {
    if (there.error().code != Code::kNotFound) return std::move(there).error();
    rmdir(dir.c_str());
    return was_removed(record.id);
  }
  if (claim != nullptr) *claim = std::move(lock);
  std::vector<std::string> volumes;
  for (const storage::VolumeRecord& volume : creation.volumes) volumes.push_back(volume.name);
  TRY(storage::save_container_file(creation.engine.paths(), record, volumes));
  if (config.rootfs.empty()) {
    const mode_t mode = root_mode(creation.engine, config);
    TRY(make_dir(dir + "/upper", mode));
    // The umask must not decide what the container's root looks like.
    if (chmod((dir + "/upper").c_str(), mode) != 0) return errno_error("setting the mode of " + dir + "/upper");
    TRY(make_dir(dir + "/work", 0700));
  }
  TRY(prepare_user_mounts(creation.engine, config));
  if (!config.cidfile.empty()) {
    auto written = write_atomic(config.cidfile, config.id, 0644);
    if (!written.ok()) return std::move(written).error().within("opening cidfile");
  }
  return {};
}

}  // namespace

Result<void> make_running_dir(Engine& engine, const std::string& id) {
  const std::string dir = engine.paths().running(id);
  if (mkdir(dir.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return make_dirs(dir, 0700);
}

Result<ContainerConfig> create_container(Engine& engine, const CreateOptions& options,
                                         const std::vector<std::string>& argv, storage::ImageRecord image, Fd* claim) {
  Creation creation{engine, options, argv, std::move(image), {}, {}, {}, {}};
  TRY(run_passes(creation));
  return add_container(creation, claim);
}

Result<ContainerConfig> add_container(Creation& creation, Fd* claim) {
  TRY_SET(const storage::ContainerRecord record, claim_name(creation));
  auto made = make_files(creation, record, claim);
  if (!made.ok()) {
    // Its name is known by now: another may have been asked to remove or to replace what has it.
    if (made.error().err == ENOENT && !path_exists(creation.engine.paths().container(record.id)))
      made = was_removed(record.id);
    (void)remove(creation.engine, creation.config.id, RemoveOptions{.force = true, .volumes = true, .timeout = {}}).ok();
    return std::move(made).error();
  }
  record_container(creation.engine, creation.config, {"create"});
  return std::move(creation.config);
}

bool is_claimed(Engine& engine, const storage::ContainerRecord& container) {
  auto dir = open_file(engine.paths().container(container.id), O_RDONLY | O_DIRECTORY);
  if (dir.ok() && flock(dir->get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return true;
  // Its maker is at work, or was killed: that is known after a while.
  constexpr std::int64_t kLongest = 60'000'000'000;
  return !storage::has_container_file(engine.paths(), container.id) && now_ns() - container.created_ns < kLongest;
}

Result<std::string> create(Engine& engine, const CreateOptions& options, const std::vector<std::string>& argv) {
  TRY(engine.store(storage::Store::Access::kWrite));
  storage::ImageRecord image;
  if (!options.rootfs) {
    TRY_SET(auto found, image_at_hand(engine, options.image, options.pull, options.platform));
    if (!found) {
      TRY_SET(found, pull_image(engine, options));
    }
    image = std::move(*found);
  }
  TRY_SET(ContainerConfig config, create_container(engine, options, argv, std::move(image)));
  return config.id;
}

}  // namespace creel::engine
