#include "cmd/container/stats.h"

#include <unistd.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "cmd/container/stats_document.h"
#include "cmd/output/output.h"
#include "engine/container/state.h"

namespace creel::cmd {
namespace {

using engine::Container;
using engine::Usage;
using nlohmann::json;

Listing listing() {
  return {
      {{"ID", ".ID"},
       {"NAME", ".Name"},
       {"CPU %", ".CPUPerc"},
       {"MEM USAGE / LIMIT", ".MemUsage"},
       {"MEM %", ".MemPerc"},
       {"NET IO", ".NetIO"},
       {"BLOCK IO", ".BlockIO"},
       {"PIDS", ".PIDS"},
       {"CPU TIME", ".UpTime"},
       {"AVG CPU %", ".AVGCPU"}},
      {{"CONTAINER", ".ContainerID"}, {"PIDS", ".PIDs"}, {"CPU TIME", ".Up"}, {"MEM USAGE / LIMIT", ".MemUsageBytes"}}};
}

}  // namespace

void StatsCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Show all containers, those that do not run too");
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.integer("-i,--interval", interval_, "seconds", "Time between reports");
  flags.flag("-l,--latest", latest_, "The container that was created last");
  flags.flag("--no-reset", no_reset_, "Do not clear the screen between reports");
  flags.flag("--no-stream", no_stream_, "Report once");
  flags.flag("--no-trunc", no_trunc_, "Do not truncate IDs");
  flags.arguments(names_);
}

Result<int> StatsCommand::run(Context& context) {
  if (interval_ < 1) return fail(Code::kInvalid, "invalid interval, must be a positive number greater zero");
  if (static_cast<int>(all_) + static_cast<int>(latest_) + static_cast<int>(!names_.empty()) > 1) {
    return fail(Code::kInvalid, "--all, --latest and containers cannot be used together");
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  const auto chosen = [&]() -> Result<std::vector<Container>> {
    if (names_.empty()) return engine::list(engine, {.all = all_, .latest = latest_});
    std::vector<Container> out;
    for (const std::string& name : names_) {
      TRY_SET(Container one, engine::find(engine, name));
      out.push_back(std::move(one));
    }
    return out;
  };
  const bool redraw = !no_stream_ && !no_reset_ && format_.empty() && stdout_is_terminal();
  std::map<std::string, Usage> last;
  for (;;) {
    TRY_SET(const std::vector<Container> containers, chosen());
    json rows = json::array();
    json documents = json::array();
    std::map<std::string, Usage> now;
    for (const Container& container : containers) {
      auto usage = engine::usage_of(container);
      // One that ended a moment ago has no group any more; the next report is without it.
      if (!usage.ok() && !engine::is_alive(engine::observe(engine, container.record.id))) continue;
      if (!usage.ok()) return std::move(usage).error();
      const auto before = last.find(usage->id);
      rows.push_back(stats_row(*usage, before == last.end() ? std::nullopt : std::optional(before->second), no_trunc_));
      documents.push_back(stats_document(rows.back()));
      now[usage->id] = std::move(*usage);
    }
    TRY_SET(const std::string text, render_list(listing(), format_, rows, documents));
    // Home, then to the end of the screen: what was there is overwritten, which flickers less than clearing first.
    if (redraw) std::fputs("\033[H\033[J", stdout);
    std::fputs(text.c_str(), stdout);
    if (no_stream_) return 0;
    TRY(flush_stdout());
    // A container that was asked for by name and has ended has no more to tell.
    if (!names_.empty() && now.empty()) return 0;
    last = std::move(now);
    sleep(static_cast<unsigned>(interval_));
  }
}

}  // namespace creel::cmd
