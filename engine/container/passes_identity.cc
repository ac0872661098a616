// Who the container is: ID, name, labels, the image it comes from; and what is refused before anything else.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/names.h"
#include "engine/container/passes.h"
#include "engine/image/image.h"
#include "engine/image/obtain.h"

namespace creel::engine {

namespace {

Result<void> add_label(const std::string& text, std::map<std::string, std::string>& labels) {
  Cut parts = cut(text, '=');
  if (parts.before.empty()) return fail(Code::kInvalid, "invalid label format: \"" + text + "\"");
  labels[parts.before] = parts.after;
  return {};
}

}  // namespace

Result<void> pass_identity(Creation& creation) {
  ContainerConfig& config = creation.config;
  config.id = random_hex(32);
  config.created_ns = now_ns();
  config.create_command = creation.argv;
  config.name = creation.options.name;
  if (config.name.empty()) {
    config.name = made_up_name();
  } else {
    TRY(check_container_name(config.name));
  }
  return {};
}

Result<void> pass_image(Creation& creation) {
  ContainerConfig& config = creation.config;
  if (creation.options.rootfs) {
    if (creation.options.image.empty()) return fail(Code::kInvalid, "--rootfs needs the path of a directory");
    if (creation.options.image.find(":O") != std::string::npos) {
      return fail(Code::kUnsupported, "--rootfs with the option :O is not built yet");
    }
    char* real = realpath(creation.options.image.c_str(), nullptr);
    if (!real) return errno_error("--rootfs " + creation.options.image);
    config.rootfs = real;
    free(real);
    struct stat info {};
    if (stat(config.rootfs.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
      return errno_error("--rootfs " + config.rootfs, ENOTDIR);
    }
    return {};
  }
  TRY_SET(creation.image_config, parse_image_config(creation.image.config));
  config.image_id = creation.image.id;
  config.image_digest = creation.image.manifest.text();
  for (const Digest& layer : creation.image.diff_ids) config.layers.push_back(layer.hex());
  // As the user knows it: the image's name that was meant, else its ID as given.
  config.image = creation.options.image;
  if (auto reference = parse_reference(creation.options.image); reference.ok()) {
    for (const std::string& name : {reference->text(), std::string("localhost/") + creation.options.image,
                                    std::string("localhost/") + creation.options.image + ":latest"}) {
      const auto& names = creation.image.names;
      if (std::find(names.begin(), names.end(), name) != names.end()) config.image = name;
    }
    if (!reference->digest.empty()) config.image = reference->text();
  }
  const bool by_id = creation.image.id.rfind(config.image, 0) == 0;
  if (config.image == creation.options.image && (by_id || is_location(config.image))) {
    if (!creation.image.names.empty()) {
      config.image = creation.image.names.front();
    } else if (!by_id) {
      config.image = creation.image.id;
    }
  }
  TRY_SET(Platform host, parse_platform({}));
  const ImageConfig& image = creation.image_config;
  if (creation.options.platform.empty() && !image.architecture.empty() &&
      (image.architecture != host.architecture || image.os != host.os)) {
    creation.engine.warn("image platform (" + image.os + "/" + image.architecture +
                         ") does not match the expected platform (" + host.os + "/" + host.architecture + ")");
  }
  return {};
}

Result<void> pass_labels(Creation& creation) {
  ContainerConfig& config = creation.config;
  config.labels = creation.image_config.labels;
  for (const std::string& path : creation.options.label_file) {
    TRY_SET(const std::string text, read_file(path, 1 << 20));
    for (const std::string& line : split(text, '\n')) {
      std::string_view trimmed = trim(line);
      if (trimmed.empty() || trimmed.front() == '#') continue;
      TRY(add_label(std::string(trimmed), config.labels));
    }
  }
  for (const std::string& label : creation.options.label) TRY(add_label(label, config.labels));
  for (const std::string& annotation : creation.options.annotation) {
    Cut parts = cut(annotation, '=');
    if (!parts.found || parts.before.empty()) {
      return fail(Code::kInvalid, "annotation \"" + annotation + "\" must be of the form KEY=VALUE");
    }
    config.annotations[parts.before] = parts.after;
  }
  return {};
}

}  // namespace creel::engine
