#include "engine/container/names.h"

#include <algorithm>

#include <sys/random.h>

#include <cstdint>
#include <iterator>

namespace creel::engine {

namespace {

const char* const kAdjectives[] = {
    "able",   "agile", "amber",    "ample",    "azure",  "balmy",   "bold",     "brave",   "breezy",   "bright",
    "brisk",  "calm",  "candid",   "clever",   "cosy",   "crisp",   "curious",  "daring",  "dapper",   "deft",
    "eager",  "early", "earnest",  "easy",     "elated", "fair",    "fearless", "festive", "fine",     "fleet",
    "fond",   "frank", "fresh",    "frosty",   "gentle", "gifted",  "glad",     "golden",  "graceful", "grand",
    "handy",  "happy", "hardy",    "hearty",   "honest", "humble",  "jolly",    "jovial",  "keen",     "kind",
    "lively", "loyal", "lucid",    "lucky",    "mellow", "merry",   "mighty",   "mild",    "modest",   "neat",
    "nimble", "noble", "patient",  "peaceful", "placid", "playful", "plucky",   "polite",  "proud",    "quick",
    "quiet",  "rapid", "ready",    "robust",   "rosy",   "serene",  "sharp",    "shining", "silent",   "silver",
    "smart",  "snug",  "sober",    "solid",    "spry",   "steady",  "stoic",    "sturdy",  "sunny",    "swift",
    "tender", "tidy",  "tranquil", "trusty",   "upbeat", "valiant", "vivid",    "warm",    "wise",     "witty",
    "zesty"};

const char* const kNouns[] = {
    "anchor",  "angler",     "barge",   "basin",  "bass",    "beacon",  "bittern", "bobber",  "bream",    "breaker",
    "brook",   "buoy",       "canal",   "canoe",  "carp",    "cliff",   "cod",     "cove",    "crab",     "crane",
    "creek",   "current",    "cutter",  "delta",  "dinghy",  "dipper",  "dock",    "dory",    "drake",    "dune",
    "eddy",    "eel",        "estuary", "ferry",  "fjord",   "float",   "ford",    "galley",  "gannet",   "grayling",
    "gull",    "haddock",    "harbor",  "heron",  "herring", "isle",    "jetty",   "kayak",   "keel",     "kelp",
    "ketch",   "kingfisher", "lagoon",  "lake",   "lamprey", "landing", "ling",    "lobster", "loon",     "marlin",
    "marsh",   "minnow",     "mooring", "mullet", "mussel",  "oar",     "osprey",  "otter",   "oyster",   "paddle",
    "pelican", "perch",      "pier",    "pike",   "plover",  "pond",    "pontoon", "prawn",   "puffin",   "raft",
    "rapids",  "reef",       "ripple",  "river",  "roach",   "rudder",  "sail",    "salmon",  "sandbar",  "schooner",
    "seal",    "shad",       "shoal",   "shore",  "skiff",   "sloop",   "spring",  "stream",  "sturgeon", "surf",
    "tarn",    "tench",      "tern",    "tide",   "tiller",  "trawler", "trout",   "tuna",    "wader",    "walrus",
    "wave",    "weir",       "wharf",   "whelk",  "willow",  "yawl",    "zander"};

}  // namespace

std::string made_up_name() {
  std::uint32_t chance[2] = {};
  (void)!getrandom(chance, sizeof chance, 0);
  std::string name = kAdjectives[chance[0] % std::size(kAdjectives)];
  return name.append("_").append(kNouns[chance[1] % std::size(kNouns)]);
}

bool is_valid_name(const std::string& name) {
  auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 255 && alnum(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return alnum(c) || c == '_' || c == '.' || c == '-'; });
}

Result<void> check_container_name(const std::string& name) {
  if (is_valid_name(name)) return {};
  return fail(Code::kInvalid,
              "running container create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument");
}

}  // namespace creel::engine
