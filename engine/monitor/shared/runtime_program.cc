#include "engine/monitor/shared/runtime_program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace creel::engine::monitor {

namespace {

constexpr const char* kLog = "log";
constexpr std::size_t kLargestLog = 65536;

// What follows `"key":` as a JSON string, unescaped as far as one line of plain text needs it.
std::string string_member(std::string_view object, std::string_view key) {
  const std::string name = "\"" + std::string(key) + "\":";
  std::size_t at = object.find(name);
  if (at == std::string_view::npos) return {};
  at = object.find_first_not_of(' ', at + name.size());
  if (at == std::string_view::npos || object[at] != '"') return {};
  std::string out;
  for (++at; at < object.size() && object[at] != '"'; ++at) {
    char c = object[at];
    if (c == '\\' && at + 1 < object.size()) {
      c = object[++at];
      if (c == 'n' || c == 't' || c == 'r') c = ' ';
      if (c == 'u') {
        at += std::min<std::size_t>(4, object.size() - at - 1);
        c = '?';
      }
    }
    out += c;
  }
  return out;
}

std::string last_error(std::string_view log) {
  std::string out;
  for (const std::string& line : split(log, '\n')) {
    const std::string level = string_member(line, "level");
    // No level at all: a line that is not JSON is still the best there is.
    if (level == "error" || level == "fatal") {
      out = string_member(line, "msg");
    } else if (level.empty() && !trim(line).empty() && out.empty()) {
      out = trim(line);
    }
  }
  return out;
}

std::string last_line(std::string_view text) {
  const std::string_view whole = trim(text);
  return std::string(whole.substr(whole.rfind('\n') + 1));
}

bool contains_any(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return text.find(word) != std::string::npos; });
}

Code kind_of(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (contains_any(text, {"permission denied", "operation not permitted", "exec format error", "is a directory"})) return Code::kCannotInvoke;
  if (contains_any(text, {"executable file", "no such file or directory", "open executable"})) return Code::kCommandAbsent;
  return Code::kFailed;
}

}  // namespace

std::vector<std::string> runtime_argv(const RuntimeProgram& program, const std::string& log,
                                      const std::vector<std::string>& command) {
  std::vector<std::string> argv{program.path};
  argv.insert(argv.end(), program.flags.begin(), program.flags.end());
  argv.insert(argv.end(), {"--root", program.state_root, "--log", log, "--log-format", "json"});
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

std::vector<std::string> runtime_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view key = text.substr(0, text.find('='));
    if (key != "NOTIFY_SOCKET" && key != "LISTEN_FDS" && key != "LISTEN_PID" && key != "LISTEN_FDNAMES") out.emplace_back(text);
  }
  return out;
}

Error runtime_error(const RuntimeProgram& program, std::string_view command, std::string_view log, std::string_view said,
                    int exit_code) {
  std::string why = last_error(log);
  if (why.empty()) why = last_line(said);
  // Parts of it may be the container's own words.
  for (char& c : why) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  const Code code = kind_of(why);
  if (why.empty()) why = std::string(command) + " failed with exit code " + std::to_string(exit_code);
  return fail(code, program.name + ": " + why);
}

void add_preserved(const std::vector<std::uint32_t>& numbers, std::vector<std::string>& command) {
  if (numbers.empty()) return;
  const std::uint32_t last = *std::max_element(numbers.begin(), numbers.end());
  command.insert(command.end(), {"--preserve-fds", std::to_string(last - 2)});
}

Result<void> call_runtime(const RuntimeProgram& program, const std::vector<std::string>& command, const std::string& dir,
                          const runtime::Stdio& stdio, const std::vector<std::pair<int, int>>& passed) {
  TRY_SET(Fd null, open_file("/dev/null", O_RDWR));
  auto or_null = [&](int fd) { return fd >= 0 ? fd : null.get(); };
  SpawnRequest request;
  request.path = program.path;
  request.argv = runtime_argv(program, kLog, command);
  request.env = runtime_environment();
  request.fds = {{or_null(stdio.in), 0}, {or_null(stdio.out), 1}, {or_null(stdio.err), 2}};
  request.fds.insert(request.fds.end(), passed.begin(), passed.end());
  request.cwd = dir;
  // Runtimes make directories in the container with the mask that they are started with.
  const mode_t mask = umask(0022);
  auto process = spawn(request);
  umask(mask);
  if (!process.ok()) return std::move(process).error().within("OCI runtime " + program.name);
  TRY_SET(const int code, process->wait());
  if (code == 0) return {};
  auto log = read_file(dir + "/" + kLog, kLargestLog);
  return runtime_error(program, command.front(), log.ok() ? *log : std::string(), {}, code);
}

}  // namespace creel::engine::monitor
