// creel-monitor: a program of its own, wholly static, one per running container. Started by monitor::Launch with
//   argv[1]  "stay" (root: no user namespace), "join" (descriptor 4 is the namespace)
//   3        SOCK_SEQPACKET to the CLI that starts the container
#pragma once

namespace creel::engine::monitor {

int monitor_main(int argc, char** argv);

}  // namespace creel::engine::monitor
