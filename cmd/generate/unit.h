// The text of a systemd service that runs one container: systemd.unit(5), systemd.service(5). Pure data in, text out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/generate/run_line.h"

namespace creel::cmd {

struct Unit {
  std::string program;    // absolute path of creel
  std::string name;       // of the unit, without ".service" and "@": "container-web"
  std::string container;  // what start and stop are to be given
  std::string store;      // must be mounted
  std::string pid_file;   // of the monitor; without create_anew
  RunLine line;
  bool create_anew = false;  // --new: makes the container at each start, and removes it at each end
  bool instances = false;    // --template
  bool header = true;
  std::string restart = "on-failure";
  std::optional<std::int64_t> restart_sec, start_timeout;
  std::optional<std::int64_t> start_limit_burst;
  std::int64_t stop_timeout = 10;
  std::vector<std::string> wants, after, requires_;
  std::vector<std::string> environment;  // "A=b"

  [[nodiscard]] std::string file_name() const { return name + (instances ? "@.service" : ".service"); }
};

std::string unit_text(const Unit& unit);

// One word of a command line, or of Environment= where "$" has no meaning, as systemd reads it back.
std::string unit_word(const std::string& text, bool dollars = true);

}  // namespace creel::cmd
