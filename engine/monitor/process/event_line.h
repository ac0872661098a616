// Events that a monitor and its probes tell, as engine/event writes its lines: one write each. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace creel::engine::monitor {

// `head`: Job::event_head. `fields`: `"Status":"died",…`. Nobody fails because an event could not be written.
void append_event(const std::string& log, const std::string& head, std::string_view fields);

}  // namespace creel::engine::monitor
