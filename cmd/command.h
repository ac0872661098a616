// The command table's row, and what a handler gets.
//
// A command is one class in one file: its constructor-like declare() binds flags to its members, run() does the work.
// The same table is linked into creel and creel-images; a row of the image plane has a null factory in `creel`, which
// then execs creel-images with the same argv.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cmd/flags.h"
#include "engine/engine.h"

namespace creel::cmd {

struct Context {
  engine::Options global;
  std::vector<std::string> argv;  // the whole command line
  std::string path;               // "container ls", as typed
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void declare(Flags& flags) = 0;
  // The exit code, or an error that main() prints as "Error: text" with the exit code of its kind (125 unless 126/127;
  // see cmd/exit_code.h).
  virtual Result<int> run(Context& context) = 0;
};

enum class Plane : std::uint8_t { kLocal, kImages };

struct Command {
  const char* path;   // "run", "container run", "image ls"; aliases are rows of their own with the same factory
  const char* usage;  // "[options] IMAGE [COMMAND [ARG...]]"
  const char* summary;
  Plane plane;
  bool hidden;
  std::unique_ptr<Handler> (*make)();  // null: not in this executable
  int min_args;                        // positional arguments
  int max_args;                        // -1: any
  const char* description = nullptr;   // a paragraph for --help and the manual page; null: the summary
  const char* examples = nullptr;      // one per line, without indentation
};

// All commands, sorted by path (cmd/table.cc).
const std::vector<Command>& table();

// Factories, one per handler class; cmd/container/*.cc, cmd/image/*.cc, cmd/system/*.cc define them. Declared here so
// that table.cc is the one page that shows the product.
template <typename T>
std::unique_ptr<Handler> make() {
  return std::make_unique<T>();
}

// The row of "container ls", or null.
const Command* find_command(std::string_view path);
// Runs creel-images with this process's own argv. Returns only when that failed.
Error exec_image_plane(const std::vector<std::string>& argv);
// Flags that every command takes, declared after the command's own; hidden in its help.
void declare_global_flags(Flags& flags, engine::Options& options, std::string& log_level);
// Flags of the program alone, before the command: run and create have others of the same names.
void declare_program_flags(Flags& flags, engine::Options& options);

// Parses and runs: main() of both executables.
int run_command_line(int argc, char** argv);

// "Error: …" (and the hint on a second line) on stderr.
void print_error(const Error& error);

}  // namespace creel::cmd
