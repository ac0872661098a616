#include <algorithm>

#include "cmd/runtime/command.h"
#include "cmd/runtime/handlers.h"

namespace creel::cmd::runtime {

const std::vector<Command>& table() {
  static const std::vector<Command> commands = {
      {"checkpoint", "CONTAINER", "Not supported", &make<Refused>, 0, -1, true},
      {"create", "[options] CONTAINER", "Create a container; its command waits for start", &make<Create>, 1, 1, false,
       "Everything is set up but the execution of the container's command. The bundle is a directory with config.json "
       "and\n"
       "the root file system.",
       "creel-runtime create --bundle /var/tmp/web web"},
      {"delete", "[options] CONTAINER...", "Remove what is left of a container", &make<Delete>, 1, -1},
      {"events", "[options] CONTAINER", "Show what a container uses", &make<Events>, 1, 1, false, nullptr,
       "creel-runtime events --stats web"},
      {"exec", "[options] CONTAINER COMMAND [ARG...]", "Run a further process in a container", &make<Exec>, 1, -1, true,
       "With --process, the command comes from that file.", "creel-runtime exec --tty web sh"},
      {"features", "", "Show what this runtime can, as JSON", &make<Features>, 0, 0},
      {"kill", "[options] CONTAINER [SIGNAL]", "Send a signal to a container (SIGTERM by default)", &make<Kill>, 1, 2,
       false, nullptr, "creel-runtime kill web KILL"},
      {"list", "[options]", "List containers", &make<List>, 0, 0},
      {"pause", "CONTAINER", "Freeze all processes of a container", &make<Pause>, 1, 1},
      {"ps", "[options] CONTAINER [PS-OPTION...]", "Show the processes of a container", &make<Ps>, 1, -1, true},
      {"restore", "CONTAINER", "Not supported", &make<Refused>, 0, -1, true},
      {"resume", "CONTAINER", "Let the processes of a paused container go on", &make<Resume>, 1, 1},
      {"run", "[options] CONTAINER", "Create and start a container, and wait for its end", &make<Run>, 1, 1, false,
       nullptr, "creel-runtime run --bundle /var/tmp/web web"},
      {"spec", "[options]", "Write a config.json to begin with", &make<SpecCommand>, 0, 0},
      {"start", "CONTAINER", "Run the command of a created container", &make<Start>, 1, 1},
      {"state", "CONTAINER", "Show the state of a container, as JSON", &make<State>, 1, 1},
      {"update", "[options] CONTAINER", "Change what a container may use", &make<Update>, 1, 1, false,
       "What is not given stays as it is.", "creel-runtime update --memory 256m web"},
  };
  return commands;
}

const Command* find_command(const std::string& name) {
  const auto found = std::find_if(table().begin(), table().end(), [&](const Command& one) { return name == one.name; });
  return found == table().end() ? nullptr : &*found;
}

}  // namespace creel::cmd::runtime
