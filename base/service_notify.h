// What a service says to the service manager that started it: sd_notify(3), without its library. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace creel {

// $NOTIFY_SOCKET: a path, or '@' and a name in the abstract name space; empty: nobody wants to know.
std::string service_notify_socket();
// One message, "READY=1\nMAINPID=7". Best effort: a manager that does not listen is no error.
void notify_service(const std::string& socket, std::string_view message);

}  // namespace creel
