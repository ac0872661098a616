#include "engine/monitor/process/monitor_main.h"

int main(int argc, char** argv) { return creel::engine::monitor::monitor_main(argc, argv); }
