#include "cmd/system/man.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/help.h"

namespace creel::cmd {
namespace {

// Text that troff must not read as requests or escapes.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

std::string dashed(std::string_view path) {
  std::string out = "creel-";
  for (const char c : path) out += c == ' ' ? '-' : c;
  return out;
}

std::string header(const std::string& page) {
  std::string upper = page;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return ".TH \"" + upper + "\" 1 \"\" \"Creel " CREEL_VERSION "\" \"Creel\"\n";
}

std::string flag_items(const std::vector<FlagInfo>& infos) {
  std::string out;
  for (const FlagInfo& info : infos) {
    if (info.hidden) continue;
    std::string names;
    for (const std::string& name : split(info.names, ',')) {
      if (!names.empty()) names += ", ";
      names += "\\fB" + roff(name) + "\\fR";
    }
    if (!info.placeholder.empty()) names += " \\fI" + roff(info.placeholder) + "\\fR";
    out += ".TP\n" + names + "\n" + roff(flag_line(info).right) + "\n";
    if (!info.choices.empty()) out += "One of: " + roff(join(info.choices, ", ")) + ".\n";
  }
  return out;
}

std::string examples(const char* lines) {
  return lines == nullptr ? "" : ".SH EXAMPLES\n.nf\n" + roff(lines) + "\n.fi\n";
}

std::string command_page(const Command& command) {
  const std::string page = dashed(command.path);
  std::string out = header(page) + ".SH NAME\n" + roff(page) + " \\- " + roff(command.summary) +
                    "\n.SH SYNOPSIS\n\\fB" + roff("creel " + std::string(command.path)) + "\\fR " +
                    roff(command.usage) + "\n.SH DESCRIPTION\n" +
                    roff(command.description != nullptr ? command.description : command.summary) + "\n";
  Flags flags;
  command.make()->declare(flags);
  if (const std::string items = flag_items(flags.infos()); !items.empty()) out += ".SH OPTIONS\n" + items;
  return out + examples(command.examples) + ".SH SEE ALSO\n.BR creel (1)\n";
}

std::string program_page() {
  std::string out = header("creel");
  out +=
      ".SH NAME\ncreel \\- run containers, without a daemon and without root\n.SH SYNOPSIS\n\\fBcreel\\fR [options] "
      "command\n.SH DESCRIPTION\nCreel pulls images, and makes, runs and removes containers. Its commands, flags, "
      "exit codes and outputs\nare those that users of Podman and Docker know. No daemon runs: a command does its work "
      "and ends, and all that\noutlives it is one small monitor for each running container.\n.SH OPTIONS\n";
  Flags flags;
  engine::Options options;
  std::string log_level = "warn";
  declare_global_flags(flags, options, log_level);
  declare_program_flags(flags, options);
  std::vector<FlagInfo> infos = flags.infos();
  for (FlagInfo& info : infos) info.hidden = info.names == "--inside-userns";
  infos.push_back({"-v,--version", "", "Show the version", true, false, {}, {}});
  infos.push_back({"--timing", "", "Say on stderr, at the end, how long what took", true, false, {}, {}});
  infos.push_back({"--help", "", "Show help, also after a command", true, false, {}, {}});
  out += flag_items(infos) + ".SH COMMANDS\n";
  for (const Command& command : table()) {
    if (command.hidden) continue;
    out += ".TP\n.BR " + roff(dashed(command.path)) + " (1)\n" + roff(command.summary) + "\n";
  }
  out +=
      ".SH EXIT STATUS\nThat of the container's command for run, start \\-a and exec; else\n.TP\n125\nan error of the "
      "engine\n.TP\n126\na command that cannot be invoked\n.TP\n127\na command that does not exist\n.TP\n1\nexists: "
      "absent; rm, rmi: absent\n.TP\n2\nrm, rmi: in use\n.SH FILES\n.TP\n~/.local/share/creel, /var/lib/creel\n"
      "Images, containers and volumes of a user, and of root.\n.TP\n"
      "/usr/share/containers/containers.conf, /etc/containers/containers.conf, ~/.config/containers/containers.conf\n"
      "Defaults, with drop-ins in a directory of that name and .d beside the latter two: see containers.conf(5). Read "
      "are, of\n[engine], runtime, [engine.runtimes] and cgroup_manager; of [containers], log_driver, log_size_max,\n"
      "default_ulimits, init_path, shm_size and pids_limit.\n.SH ENVIRONMENT\n.TP\nCONTAINERS_CONF\n"
      "The one containers.conf to read instead of these.\n.TP\nCONTAINERS_CONF_OVERRIDE\n"
      "A containers.conf to read after all others.\n.TP\nCREEL_NODE_STORAGE\n"
      "Directory on a disk of this machine for the store of a user whose home directory cannot hold one, as on NFS; else "
      "the\ndirectory that rootless_storage_path of storage.conf(5) is in, /var/tmp or /tmp.\n";
  return out;
}

// The single-word command that `command` is another spelling of, or null.
const Command* spelled_shorter(const Command& command) {
  if (std::string_view(command.path).find(' ') == std::string_view::npos) return nullptr;
  for (const Command& other : table()) {
    if (other.make == command.make && std::string_view(other.path).find(' ') == std::string_view::npos) return &other;
  }
  return nullptr;
}

}  // namespace

Result<int> ManCommand::run(Context&) {
  TRY(make_dirs(arguments_[0], 0755));
  TRY_SET(const Fd dir, open_file(arguments_[0], O_RDONLY | O_DIRECTORY));
  TRY(write_atomic_at(dir.get(), "creel.1", program_page(), 0644));
  for (const Command& command : table()) {
    if (command.hidden) continue;
    const Command* shorter = spelled_shorter(command);
    const std::string page = shorter != nullptr ? ".so man1/" + dashed(shorter->path) + ".1\n" : command_page(command);
    TRY(write_atomic_at(dir.get(), dashed(command.path) + ".1", page, 0644));
  }
  return 0;
}

}  // namespace creel::cmd
