#include "cmd/image/history.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/output/output.h"
#include "engine/image/history.h"

namespace creel::cmd {
namespace {

using engine::HistoryStep;
using nlohmann::json;

// As JavaScript's slice: 45 characters at most, three of them dots.
std::string shortened(const std::string& text) {
  return text.size() > 45 ? text.substr(0, 42) + "..." : text;
}

// RFC 3339 without the fraction.
std::string whole_seconds(std::int64_t ns) {
  return format_rfc3339(ns / 1'000'000'000 * 1'000'000'000);
}

json document(const HistoryStep& step) {
  json out = {{"id", step.id},
              {"created", format_rfc3339(step.created_ns)},
              {"CreatedBy", step.created_by},
              {"size", step.size},
              {"Created", whole_seconds(step.created_ns)}};
  if (!step.comment.empty()) out["comment"] = step.comment;
  if (!step.tags.empty()) out["tags"] = step.tags;
  return out;
}

}  // namespace

void HistoryCommand::declare(Flags& flags) {
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.flag("-H,--human", human_, "Show times and sizes as people say them");
  flags.flag("--no-trunc,--notruncate", no_trunc_, "Show whole IDs and commands");
  flags.value("--platform", platform_, "OS/ARCH[/VARIANT]", "Of a manifest list: the image for this platform");
  flags.flag("-q,--quiet", quiet_, "Print only image IDs");
  flags.arguments(arguments_);
}

Result<int> HistoryCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<HistoryStep> steps, engine::image_history(engine, arguments_[0], platform_));
  const auto id = [&](const HistoryStep& step) {
    return no_trunc_ || step.id.front() == '<' ? step.id : step.id.substr(0, 12);
  };
  if (means_json(format_)) {
    // One line, as Podman prints this one list.
    json list = json::array();
    for (const HistoryStep& step : steps) list.push_back(document(step));
    std::printf("%s\n", compact(list).c_str());
    return 0;
  }
  if (quiet_) {
    for (const HistoryStep& step : steps) std::printf("%s\n", id(step).c_str());
    return 0;
  }
  json rows = json::array();
  const std::int64_t now = now_ns();
  for (const HistoryStep& step : steps) {
    const std::string since = human_duration(now - step.created_ns) + " ago";
    json tags = json::array();
    for (const std::string& tag : step.tags) tags.push_back(tag);
    rows.push_back({{"ID", id(step)},
                    {"Created", human_ ? since : whole_seconds(step.created_ns)},
                    {"CreatedSince", human_ ? since : whole_seconds(step.created_ns)},
                    {"CreatedAt", format_rfc3339(step.created_ns)},
                    {"CreatedBy", no_trunc_ ? step.created_by : shortened(step.created_by)},
                    {"Size", human_ ? json(human_size(step.size)) : json(step.size)},
                    {"Comment", step.comment},
                    {"Tags", std::move(tags)}});
  }
  const Listing listing{{{"ID", ".ID"},
                         {"CREATED", ".Created"},
                         {"CREATED BY", ".CreatedBy"},
                         {"SIZE", ".Size"},
                         {"COMMENT", ".Comment"}},
                        {{"CREATED AT", ".CreatedAt"}, {"CREATED", ".CreatedSince"}, {"TAGS", ".Tags"}}};
  TRY_SET(const std::string text, render_list(listing, format_, rows, json()));
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace creel::cmd
