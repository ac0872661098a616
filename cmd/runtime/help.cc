#include <algorithm>

#include "base/text.h"
#include "cmd/runtime/command.h"

namespace creel::cmd::runtime {

namespace {

constexpr const char* kSummary = "Run containers from OCI bundles";

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

// "-b, --bundle string"
std::string left_of(const FlagInfo& info) {
  std::string letter, name;
  for (const std::string& part : split(info.names, ',')) {
    std::string& to = part.starts_with("--") ? name : letter;
    if (to.empty()) to = part;
  }
  return (letter.empty() ? "      " : "  " + letter + ", ") + name +
         (info.placeholder.empty() ? "" : " " + info.placeholder);
}

std::string right_of(const FlagInfo& info) {
  return info.help + (info.fallback.empty() ? "" : " (default " + info.fallback + ")");
}

std::string flag_list(const std::vector<FlagInfo>& infos) {
  std::size_t width = 0;
  for (const FlagInfo& info : infos) {
    if (!info.hidden) width = std::max(width, left_of(info).size());
  }
  std::string out;
  for (const FlagInfo& info : infos) {
    if (!info.hidden) out += pad(left_of(info), width + 3) + right_of(info) + "\n";
  }
  return out;
}

std::vector<FlagInfo> global_flags() {
  Flags flags;
  Global global;
  declare_global_flags(flags, global);
  return flags.infos();
}

std::vector<FlagInfo> flags_of(const Command& command) {
  Flags flags;
  const auto handler = command.make();
  handler->declare(flags);
  return flags.infos();
}

std::string indented(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n')) out += "  " + line + "\n";
  return out;
}

// troff: a leading dot or quote is a request, "-" a hyphen.
std::string troff(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == '\n';
    if (begins && (text[i] == '.' || text[i] == '\'')) out += "\\&";
    if (text[i] == '\\') {
      out += "\\e";
    } else if (text[i] == '-') {
      out += "\\-";
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string troff_flags(const std::vector<FlagInfo>& infos) {
  std::string out;
  for (const FlagInfo& info : infos) {
    if (!info.hidden)
      out += ".TP\n\\fB" + troff(std::string(trim(left_of(info)))) + "\\fR\n" + troff(right_of(info)) + "\n";
  }
  return out;
}

}  // namespace

std::string program_help() {
  std::string text = std::string(kSummary) + "\n\nUsage:\n  creel-runtime [options] COMMAND\n\nAvailable Commands:\n";
  for (const Command& command : table()) text += "  " + pad(command.name, 12) + command.summary + "\n";
  return text + "\nOptions:\n" + flag_list(global_flags());
}

std::string command_help(const Command& command) {
  std::string text = std::string(command.summary) + "\n\n";
  if (command.description != nullptr) text += "Description:\n" + indented(command.description) + "\n";
  text += std::string("Usage:\n  creel-runtime ") + command.name + (*command.usage == '\0' ? "" : " ") + command.usage +
          "\n";
  if (command.examples != nullptr) text += "\nExamples:\n" + indented(command.examples);
  const std::string list = flag_list(flags_of(command));
  if (!list.empty()) text += "\nOptions:\n" + list;
  return text;
}

std::string manual_page() {
  std::string text =
      std::string(".TH CREEL\\-RUNTIME 8 \"\" \"creel ") + CREEL_VERSION +
      "\"\n.SH NAME\ncreel\\-runtime \\- run containers from OCI bundles\n.SH SYNOPSIS\n"
      ".B creel\\-runtime\n[options] COMMAND\n.SH DESCRIPTION\n"
      "An OCI runtime (runtime\\-spec " +
      std::string(oci::kOciVersion) +
      ") with the commands and flags of runc: Podman takes it by \\fB\\-\\-runtime\\fR, containerd by the option\n"
      "BinaryName of its runc shim. A container that runs needs no process of the runtime.\n"
      ".SH OPTIONS\n" +
      troff_flags(global_flags()) + ".SH COMMANDS\n";
  for (const Command& command : table()) {
    text += ".SS " + troff(std::string(command.name) + " " + command.usage) + "\n" + troff(command.summary) + ".\n";
    if (command.description != nullptr) text += troff(command.description) + "\n";
    text += troff_flags(flags_of(command));
  }
  return text +
         ".SH FILES\n.TP\n/run/creel\\-runtime, $XDG_RUNTIME_DIR/creel\\-runtime\nThe state of containers, of root and "
         "of\n"
         "others.\n.SH EXIT STATUS\nThat of the container's process for \\fBrun\\fR and \\fBexec\\fR (128 and the "
         "signal's\n"
         "number where one ended it); 127 where its command does not exist, 126 where it cannot be executed; 1 for "
         "other "
         "errors.\n.SH SEE ALSO\ncreel(1), runc(8), crun(1)\n";
}

}  // namespace creel::cmd::runtime
