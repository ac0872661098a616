// Where a store can be that cannot be in the home directory: on a disk of this node. Thread-safe while nobody changes
// the environment.
#pragma once

#include <string>
#include <vector>

namespace creel::engine {

// Directories to make one in, best first; some may not exist. $CREEL_NODE_STORAGE alone where that is set; else the one
// that storage.conf's rootless_storage_path is in, /var/tmp, /tmp.
std::vector<std::string> node_directories();

// "creel-UID-HASH": a name of its own for each user and each home (`store`: where the store would be).
std::string node_store_name(const std::string& store);

// rootless_storage_path of a storage.conf(5), with $HOME, $USER and $UID replaced; empty: it has none, or is malformed.
std::string rootless_storage_path(const std::string& text);

}  // namespace creel::engine
