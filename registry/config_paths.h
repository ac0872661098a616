// Where containers' configuration lies for the calling user. Thread-safe while nobody changes the environment.
#pragma once

#include <string>

namespace creel::registry {

// An environment variable; empty where it is not set.
std::string environment(const char* name);
// $XDG_CONFIG_HOME/containers/NAME, else ~/.config/containers/NAME; empty where there is no home.
std::string user_config(const std::string& name);

}  // namespace creel::registry
