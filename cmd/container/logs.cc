#include "cmd/container/logs.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cmd/container/act_on_each.h"
#include "cmd/container/log_printer.h"
#include "cmd/exit_code.h"
#include "engine/time_filter.h"

namespace creel::cmd {
namespace {

// green, yellow, blue, magenta, cyan, red: a container's prefix on a terminal.
constexpr std::array<const char*, 6> kColors = {"\033[32m", "\033[33m", "\033[34m", "\033[35m", "\033[36m", "\033[31m"};

}  // namespace

void LogsCommand::declare(Flags& flags) {
  flags.flag("--color", color_, "With several containers: show each in a colour of its own");
  flags.flag("--details", ignored_, "Show the log driver's own attributes, which none of them has");
  flags.flag("-f,--follow", follow_, "Go on with what is written until the container ends");
  selection_.declare_latest(flags);
  flags.flag("-n,--names", names_, "With several containers: begin each line with the name instead of the ID");
  flags.value("--since", since_, "time", "Show what was written since a time, or a duration before now");
  flags.value("--tail", tail_, "lines", "Show only the last lines");
  flags.flag("-t,--timestamps", timestamps_, "Begin each line with its time");
  flags.value("--until", until_, "time", "Show what was written until a time, or a duration before now");
  selection_.declare_names(flags);
}

Result<engine::LogsRequest> LogsCommand::request() const {
  engine::LogsRequest request;
  request.follow = follow_;
  if (!tail_.empty() && tail_ != "all") {
    auto lines = parse_int(tail_, "--tail");
    if (!lines) {
      return fail(Code::kInvalid, "invalid argument \"" + tail_ + "\" for \"--tail\" flag: a number or all is expected")
          .with_hint("See 'creel logs --help'");
    }
    request.tail = *lines;
  }
  const auto point = [](const std::string& text, const char* flag) -> Result<std::optional<std::int64_t>> {
    if (text.empty()) return std::optional<std::int64_t>();
    auto ns = engine::parse_time_filter(text);
    if (!ns) return std::move(ns).error().within("parsing " + std::string(flag) + " \"" + text + "\"");
    return std::optional(*ns);
  };
  TRY_SET(request.since_ns, point(since_, "--since"));
  TRY_SET(request.until_ns, point(until_, "--until"));
  return request;
}

Result<int> LogsCommand::run(Context& context) {
  TRY_SET(const engine::LogsRequest request, this->request());
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  const bool several = targets.size() > 1;
  const auto index_of = [&](const Target& target) {
    const auto found = std::find_if(targets.begin(), targets.end(), [&](const Target& one) { return one.name == target.name; });
    return static_cast<std::size_t>(found - targets.begin());
  };
  const auto print = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    LogPrinter::Options options;
    options.timestamps = timestamps_;
    if (several) {
      TRY_SET(const engine::Container container, engine::find(own, target.name));
      options.prefix = (names_ ? container.record.name : container.record.id.substr(0, 12)) + " ";
      if (color_) options.prefix = kColors[index_of(target) % kColors.size()] + options.prefix + "\033[0m";
    }
    LogPrinter printer(std::move(options));
    engine::LogsRequest asked = request;
    asked.caught_up = [&] { return printer.catch_up(); };
    TRY(engine::logs(own, target.name, asked,
                     [&](const engine::monitor::LogLine& line) { return printer.print(line); }));
    auto written = printer.flush();
    if (!written) return std::move(written).error().within("writing the logs of " + target.name);
    return std::string();
  };
  if (!follow_) return act_on_each(engine, targets, print, exit_code);
  return act_side_by_side(context, std::move(engine), targets, print, exit_code);
}

}  // namespace creel::cmd
