// creel manifest create, add, annotate, remove: manifest lists in local storage. Each prints the list's ID.
#pragma once

#include <map>

#include "cmd/command.h"
#include "engine/image/transfer/manifest_list.h"

namespace creel::cmd {

class ManifestCreateCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, amend_ = false, insecure_ = false;
  std::optional<bool> tls_verify_;
  std::vector<std::string> annotations_, arguments_;
};

// The flags with which add and annotate say what an image is.
class EntryFlags {
 public:
  void declare(Flags& flags);
  // kInvalid: an annotation that is not KEY=VALUE.
  [[nodiscard]] Result<engine::transfer::EntryOptions> options() const;

 private:
  std::string os_, arch_, variant_, os_version_;
  std::vector<std::string> features_, os_features_, annotations_;
};

class ManifestAddCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool all_ = false, insecure_ = false, artifact_ = false, exclude_titles_ = false;
  std::optional<bool> tls_verify_;
  std::string authfile_, cert_dir_, creds_;
  std::string artifact_config_, artifact_config_type_, artifact_layer_type_, artifact_subject_, artifact_type_;
  EntryFlags entry_;
  std::vector<std::string> arguments_;
};

class ManifestAnnotateCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool index_ = false;
  std::string subject_;
  EntryFlags entry_;
  std::vector<std::string> arguments_;
};

class ManifestRemoveCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  std::vector<std::string> arguments_;
};

// creel manifest inspect: the bytes, indented.
class ManifestInspectCommand : public Handler {
 public:
  void declare(Flags& flags) override;
  Result<int> run(Context& context) override;

 private:
  bool insecure_ = false, verbose_ = false;
  std::optional<bool> tls_verify_;
  std::string authfile_;
  std::vector<std::string> arguments_;
};

}  // namespace creel::cmd
