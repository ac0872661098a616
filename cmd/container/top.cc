#include "cmd/container/top.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cmd/container/top_columns.h"
#include "cmd/output/tabwriter.h"
#include "engine/container/container.h"

namespace creel::cmd {

namespace {

constexpr off_t kMostOutput = 4 << 20;

Result<std::string> latest(engine::Engine& engine) {
  TRY_SET(const std::vector<engine::Container> containers, engine::list(engine, {.all = true, .latest = true}));
  if (containers.empty()) return fail(Code::kNotFound, "no containers found: no such container");
  return containers[0].record.id;
}

std::string table_of(const std::vector<const TopColumn*>& columns, const std::vector<engine::ProcessInfo>& processes) {
  const auto line = [&](auto cell) {
    std::vector<std::string> cells;
    for (const TopColumn* column : columns) cells.push_back(cell(*column));
    return join(cells, "\t") + "\n";
  };
  std::string out = line([](const TopColumn& column) { return std::string(column.header); });
  for (const engine::ProcessInfo& process : processes) {
    out += line([&](const TopColumn& column) { return column.text(process); });
  }
  return align_columns(out);
}

// The caller has seen that the container runs: what is wrong now is that it has no ps, or does not know the arguments.
Result<int> run_ps(engine::Engine& engine, const std::string& name, const std::vector<std::string>& arguments) {
  // Of a fixed size: the container's ps may be a program that never stops writing.
  Fd output(memfd_create("ps", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!output.valid() || ftruncate(output.get(), kMostOutput) != 0 || fcntl(output.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
    return errno_error("running ps in the container");
  }
  engine::ExecOptions options;
  options.command = {"ps"};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.output = output.get();
  auto done = engine::exec(engine, name, options);
  if (!done.ok()) return std::move(done).error().within("running ps in the container");
  const off_t written = lseek(output.get(), 0, SEEK_CUR);
  std::string text(static_cast<std::size_t>(std::clamp<off_t>(written, 0, kMostOutput)), '\0');
  const ssize_t got = pread(output.get(), text.data(), text.size(), 0);
  if (got < 0) return errno_error("reading what ps has written");
  text.resize(static_cast<std::size_t>(got));
  std::fputs(without_ps(text, arguments).c_str(), stdout);
  return done->exit_code;
}

}  // namespace

void TopCommand::declare(Flags& flags) {
  flags.flag("-l,--latest", latest_, "The container that was created last");
  flags.flag("--list-descriptors", list_, "List what can be shown of a process").hidden();
  flags.arguments(arguments_, true);
}

Result<int> TopCommand::run(Context& context) {
  if (list_) {
    for (const TopColumn& column : top_columns()) std::printf("%s\n", column.name);
    return 0;
  }
  if (arguments_.empty() && !latest_) return fail(Code::kInvalid, "you must provide the name or id of a running container");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  std::string name;
  std::vector<std::string> words = arguments_;
  if (latest_) {
    TRY_SET(name, latest(engine));
  } else {
    name = words.front();
    words.erase(words.begin());
  }
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  const auto columns = chosen_columns(words);
  TRY_SET(const std::vector<engine::ProcessInfo> processes, engine::processes_of(engine, name));
  if (!columns) return run_ps(engine, name, words);
  std::fputs(table_of(*columns, processes).c_str(), stdout);
  return 0;
}

std::string without_ps(const std::string& output, const std::vector<std::string>& arguments) {
  const std::string itself = "ps " + join(arguments, " ");
  std::string out;
  std::size_t at = 0;
  while (at < output.size()) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string_view line = std::string_view(output).substr(at, end - at);
    if (!trim(line).ends_with(itself)) out.append(line).append("\n");
    at = end + 1;
  }
  return out;
}

}  // namespace creel::cmd
