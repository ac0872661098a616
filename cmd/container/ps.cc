#include "cmd/container/ps.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "cmd/container/ps_document.h"
#include "cmd/container/ps_namespaces.h"
#include "cmd/container/ps_text.h"
#include "cmd/output/output.h"
#include "cmd/output/tabwriter.h"
#include "engine/container/container.h"
#include "engine/json.h"
#include "engine/system/inside.h"

namespace creel::cmd {
namespace {

using engine::Container;
using nlohmann::json;

constexpr std::array kSortKeys = {"command", "created", "id", "image", "names", "runningfor", "size", "status"};

using Sizes = std::map<std::string, engine::ContainerSize>;  // by ID; empty: not asked for

const engine::ContainerSize* size_of(const Sizes& sizes, const Container& container) {
  const auto found = sizes.find(container.record.id);
  return found == sizes.end() ? nullptr : &found->second;
}

std::int64_t started_ns(const Container& container) {
  if (container.observed.state) return container.observed.state->started_ns;
  return container.observed.exit ? container.observed.exit->started_ns : 0;
}

Result<void> check_sort_key(const std::string& key) {
  if (std::find(kSortKeys.begin(), kSortKeys.end(), key) != kSortKeys.end()) return {};
  std::string all;
  for (const char* known : kSortKeys) all += (all.empty() ? "" : ", ") + std::string(known);
  return fail(Code::kInvalid, "invalid argument \"" + key + "\" for \"--sort\" flag: \"" + key +
                                  "\" is not a valid value.  Choose from: \"" + all + "\"")
      .with_hint("See 'creel ps --help'");
}

void sort_containers(std::vector<Container>& containers, const std::string& key, const Sizes& sizes) {
  const auto by = [&](auto field) {
    std::stable_sort(containers.begin(), containers.end(),
                     [&](const Container& a, const Container& b) { return field(a) < field(b); });
  };
  if (key == "command") by([](const Container& c) { return c.record.command; });
  if (key == "created") by([](const Container& c) { return c.record.created_ns; });
  if (key == "id") by([](const Container& c) { return c.record.id; });
  if (key == "image") by([](const Container& c) { return c.record.image; });
  if (key == "names") by([](const Container& c) { return c.record.name; });
  if (key == "runningfor") by(started_ns);
  if (key == "size") by([&](const Container& c) { return size_of(sizes, c) == nullptr ? 0 : size_of(sizes, c)->whole; });
  if (key == "status") {
    by([](const Container& c) { return std::string_view(engine::monitor::to_string(c.observed.status)); });
  }
}

std::string default_table(const std::vector<Container>& containers, bool whole, bool heading, bool pod, const Sizes& sizes) {
  std::string text;
  if (heading) text = std::string("CONTAINER ID\tIMAGE\tCOMMAND\tCREATED\tSTATUS\tPORTS\tNAMES") + (pod ? "\tPOD ID\tPODNAME" : "") + (sizes.empty() ? "\n" : "\tSIZE\n");
  const std::int64_t now = now_ns();
  for (const Container& container : containers) {
    const storage::ContainerRecord& record = container.record;
    text += whole ? record.id : record.id.substr(0, 12);
    text += '\t';
    text += record.image;
    text += '\t';
    text += command_text(engine::texts_from_column(record.command), whole);
    text += '\t';
    text += human_duration(now - record.created_ns) + " ago\t";
    text += status_text(container.observed, now);
    text += '\t';
    text += ports_text(port_ranges(engine::ports_of(record)));
    text += '\t';
    text += record.name;
    // There are no pods.
    if (pod) text += "\t\t";
    if (const auto* size = size_of(sizes, container)) text += "\t" + size_column(*size);
    text += '\n';
  }
  return align_columns(text);
}

std::string namespaces_table(const std::vector<Container>& containers, bool whole, bool heading) {
  std::string text;
  if (heading) text = "CONTAINER ID\tNAMES\tPID\tCGROUPNS\tIPC\tMNT\tNET\tPIDNS\tUSERNS\tUTS\n";
  for (const Container& container : containers) {
    const ContainerNamespaces ns = namespaces_of(container);
    text += (whole ? container.record.id : container.record.id.substr(0, 12)) + "\t" + container.record.name + "\t" + std::to_string(ns.pid);
    for (const std::string* one : {&ns.cgroup, &ns.ipc, &ns.mount, &ns.net, &ns.pid_ns, &ns.user, &ns.uts}) text += "\t" + *one;
    text += '\n';
  }
  return align_columns(text);
}

Listing listing_of(bool no_heading) {
  Listing listing;
  listing.columns = {{"CONTAINER ID", ".ID"},      {"IMAGE", ".Image"},   {"COMMAND", ".Command"},
                     {"CREATED", ".CreatedHuman"}, {"STATUS", ".Status"}, {"PORTS", ".Ports"},
                     {"NAMES", ".Names"}};
  listing.headers = {{"CREATED", ".Created"},
                     {"CREATED AT", ".CreatedAt"},
                     {"RUNNING FOR", ".RunningFor"},
                     {"STATE", ".State"},
                     {"SIZE", ".Size"},
                     {"STARTED AT", ".StartedAt"},
                     {"EXITED AT", ".ExitedAt"},
                     {"EXIT CODE", ".ExitCode"},
                     {"IMAGE ID", ".ImageID"},
                     {"POD ID", ".Pod"},
                     {"AUTO REMOVE", ".AutoRemove"},
                     {"IS INFRA", ".IsInfra"},
                     {"CID FILE", ".CIDFile"},
                     {"EXPOSED PORTS", ".ExposedPorts"}};
  listing.no_heading = no_heading;
  return listing;
}

// The list leaves the config out; few formats need it.
Result<void> load_configs(engine::Engine& engine, std::vector<Container>& containers, const std::string& format) {
  if (!means_json(format) && format.find("CIDFile") == std::string::npos &&
      format.find("ExposedPorts") == std::string::npos) {
    return {};
  }
  for (Container& container : containers) {
    auto found = engine::find(engine, container.record.id);
    if (found) {
      container.record.config = std::move(found->record.config);
    } else if (found.error().code != Code::kNotFound) {  // removed meanwhile
      return std::move(found).error();
    }
  }
  return {};
}

}  // namespace

void PsCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Show all containers, not only those that run");
  flags.list("-f,--filter", filters_, "key=value", "Show only containers that meet this condition");
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.integer("-n,--last", last_, "number", "Show the containers that were created last, in any state");
  flags.flag("-l,--latest", latest_, "Show the container that was created last, in any state");
  flags.flag("--no-trunc,--notruncate", no_trunc_, "Show whole IDs and commands");
  flags.flag("--noheading", no_heading_, "Print no column headings");
  flags.flag("--ns,--namespace", namespaces_, "Show the namespaces of containers");
  flags.flag("-p,--pod", pod_, "Show the pod of a container");
  flags.flag("--external,--storage", ignored_, "Show containers of other programs, which there are none of");
  flags.flag("-s,--size", size_, "Show what containers take: what they have written, and that with their images");
  flags.flag("--sync", ignored_, "States are always those of this moment, also without this flag");
  flags.integer("-w,--watch", watch_, "seconds", "Show it again and again, at this interval");
  flags.flag("-q,--quiet", quiet_, "Print only IDs");
  flags.value("--sort", sort_, "string", "Sort by command, created, id, image, names, runningfor, size or status")
      .choices({kSortKeys.begin(), kSortKeys.end()});
}

Result<int> PsCommand::run(Context& context) {
  if (last_ >= 0 && latest_) return fail(Code::kInvalid, "last and latest are mutually exclusive");
  if (namespaces_ && (quiet_ || pod_)) return fail(Code::kInvalid, "namespace cannot be used with quiet or pod");
  if (watch_ < 0) return fail(Code::kInvalid, "--watch " + std::to_string(watch_) + ": a number of seconds is expected");
  TRY(check_sort_key(sort_));
  for (;;) {
    {
      TRY_SET(engine::Engine engine, needs_sizes() ? engine::open_inside(context.global) : engine::Engine::open(context.global));
      TRY_SET(const std::string shown, text(engine));
      // The screen anew, as watch(1) does.
      if (watch_ > 0) std::fputs("\033[H\033[2J", stdout);
      std::fputs(shown.c_str(), stdout);
    }
    if (watch_ == 0) return 0;
    TRY(flush_stdout());
    std::this_thread::sleep_for(std::chrono::seconds(watch_));
  }
}

bool PsCommand::needs_sizes() const {
  return size_ || sort_ == "size" || format_.find(".Size") != std::string::npos;
}

Result<std::string> PsCommand::text(engine::Engine& engine) const {
  engine::ListOptions options;
  options.all = all_;
  options.latest = latest_;
  options.last = static_cast<int>(std::min<std::int64_t>(last_, INT32_MAX));
  options.filters = filters_;
  TRY_SET(std::vector<Container> containers, engine::list(engine, options));
  Sizes sizes;
  for (const Container& container : containers) {
    if (!needs_sizes()) break;
    TRY_SET(sizes[container.record.id], engine::container_size(engine, container.record));
  }
  sort_containers(containers, sort_, sizes);
  if (quiet_ && format_.empty()) {
    std::string ids;
    for (const Container& container : containers) ids += (no_trunc_ ? container.record.id : container.record.id.substr(0, 12)) + "\n";
    return ids;
  }
  if (namespaces_ && format_.empty()) return namespaces_table(containers, no_trunc_, !no_heading_);
  if (format_.empty()) return default_table(containers, no_trunc_, !no_heading_, pod_, sizes);
  TRY(load_configs(engine, containers, format_));
  const std::int64_t now = now_ns();
  json rows = json::array();
  for (const Container& container : containers) {
    json row = means_json(format_) ? ps_document(container, now, size_of(sizes, container))
                                   : ps_row(container, no_trunc_, now, size_of(sizes, container));
    if (namespaces_) row["Namespaces"] = namespaces_document(container);
    rows.push_back(std::move(row));
  }
  return render_list(listing_of(no_heading_), format_, rows, json::array());
}

}  // namespace creel::cmd
