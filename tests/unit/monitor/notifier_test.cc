#include "engine/monitor/process/notifier.h"

#include <doctest/doctest.h>

using namespace creel::engine::monitor;

TEST_CASE("notifications: a container says how it is, and nothing that is not its own to say") {
  CHECK(allowed_notification("READY=1") == "READY=1\n");
  CHECK(allowed_notification("STATUS=busy\nMAINPID=1\nWATCHDOG=1\n") == "STATUS=busy\nWATCHDOG=1\n");
  CHECK(allowed_notification("FDSTORE=1\nFDNAME=x\nNOTIFYACCESS=all\nBARRIER=1\nX_OTHER=1").empty());
  CHECK(allowed_notification("XREADY=1\nREADY").empty());
  CHECK(allowed_notification("").empty());
}
