// What this runtime is and can: features, spec, --version.
#include <fcntl.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cmd/runtime/handlers.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/mount_options.h"
#include "engine/runtime/seccomp/names.h"
#include "engine/runtime/spec_json.h"

namespace creel::cmd::runtime {

using nlohmann::json;

namespace {

// Every option of config.md and of the file systems that mounts are made of; those that are really taken are told.
json mount_options() {
  json out = json::array();
  constexpr std::array kNames = {
      "acl",          "async",    "atime",      "bind",        "defaults",  "dev",         "diratime",       "dirsync",
      "exec",         "iversion", "lazytime",   "loud",        "mand",      "noacl",       "noatime",        "nodev",
      "nodiratime",   "noexec",   "noiversion", "nolazytime",  "nomand",    "norelatime",  "nostrictatime",  "nosuid",
      "nosymfollow",  "private",  "ratime",     "rbind",       "rdev",      "rdiratime",   "relatime",       "remount",
      "rexec",        "rnoatime", "rnodev",     "rnodiratime", "rnoexec",   "rnorelatime", "rnostrictatime", "rnosuid",
      "rnosymfollow", "ro",       "rprivate",   "rrelatime",   "rro",       "rrw",         "rshared",        "rslave",
      "rstrictatime", "rsuid",    "rsymfollow", "runbindable", "rw",        "shared",      "silent",         "slave",
      "strictatime",  "suid",     "symfollow",  "sync",        "tmpcopyup", "unbindable",  "idmap",          "ridmap"};
  for (const char* name : kNames) {
    for (const char* type : {"bind", "tmpfs"}) {
      if (oci::compile_mount({.destination = "/x", .type = type, .source = "/x", .options = {name}}).ok()) {
        out.push_back(name);
        break;
      }
    }
  }
  return out;
}

json seccomp_features() {
  json actions = json::array(), operators = json::array(), archs = json::array();
  for (const char* name :
       {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"}) {
    if (oci::action_of(name, 0)) actions.push_back(name);
  }
  for (const char* name : {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT",
                           "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"}) {
    if (oci::operator_of(name)) operators.push_back(name);
  }
  for (const char* name :
       {"SCMP_ARCH_AARCH64",     "SCMP_ARCH_ARM",       "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_MIPS",
        "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",      "SCMP_ARCH_MIPSEL64",
        "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",    "SCMP_ARCH_PARISC64",    "SCMP_ARCH_PPC",
        "SCMP_ARCH_PPC64",       "SCMP_ARCH_PPC64LE",   "SCMP_ARCH_RISCV64",     "SCMP_ARCH_S390",
        "SCMP_ARCH_S390X",       "SCMP_ARCH_X32",       "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64"}) {
    if (oci::architecture_of(name) != 0) archs.push_back(name);
  }
  json flags = json::array();
  for (const char* name : {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG",
                           "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}) {
    if (oci::flag_of(name)) flags.push_back(name);
  }
  return {{"enabled", true}, {"actions", actions},  {"operators", operators},
          {"archs", archs},  {"knownFlags", flags}, {"supportedFlags", flags}};
}

}  // namespace

void Features::declare(Flags&) {}
Result<int> Features::run(const Global&) {
  json out;
  out["ociVersionMin"] = "1.0.0";
  out["ociVersionMax"] = oci::kOciVersion;
  out["hooks"] = {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};
  out["mountOptions"] = mount_options();
  out["annotations"] = {{"org.creel.version", CREEL_VERSION}};
  json& linux_part = out["linux"];
  linux_part["namespaces"] = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"};
  linux_part["capabilities"] = oci::all_capabilities();
  linux_part["cgroup"] = {{"v1", false}, {"v2", true}, {"systemd", true}, {"systemdUser", true}, {"rdma", false}};
  linux_part["seccomp"] = seccomp_features();
  linux_part["apparmor"] = {{"enabled", true}};
  linux_part["selinux"] = {{"enabled", true}};
  linux_part["intelRdt"] = {{"enabled", false}};
  linux_part["mountExtensions"] = {{"idmap", {{"enabled", true}}}};
  print(out.dump(2) + "\n");
  return 0;
}

void SpecCommand::declare(Flags& flags) {
  flags.value("-b,--bundle", bundle_, "string", "Directory of the bundle; the working directory by default")
      .flag("--rootless", rootless_, "For an ordinary user: with a user namespace");
}
Result<int> SpecCommand::run(const Global&) {
  const std::string path = (bundle_.empty() ? "" : bundle_ + "/") + "config.json";
  // Never over a configuration that somebody has edited.
  TRY_SET(const Fd file, open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
  TRY(write_all(file.get(), oci::default_spec_json(rootless_)));
  return 0;
}

void Refused::declare(Flags&) {}
Result<int> Refused::run(const Global&) {
  return fail(Code::kUnsupported, "checkpoint and restore are not supported")
      .with_hint("crun and runc have them, with CRIU");
}

// The first line and those of "commit" and "spec" are what scripts read of runc.
std::string version_text() {
  return std::string("creel-runtime version ") + CREEL_VERSION + "\ncommit: " + CREEL_VERSION +
         "\nspec: " + oci::kOciVersion + "\n+CAP +SECCOMP +CGROUP2 +SYSTEMD +APPARMOR +SELINUX\n";
}

}  // namespace creel::cmd::runtime
