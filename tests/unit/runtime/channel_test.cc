// The conversation between a parent and the process it cloned.
#include <doctest/doctest.h>

#include "engine/runtime/child/channel.h"

using namespace creel;
using namespace creel::engine::runtime;

TEST_CASE("channel: the error of a process that ends before it has read everything is not lost") {
  auto channel = make_channel();
  REQUIRE(channel.ok());
  send_message(channel->parent.get(), Message::kMapped);
  send_message(channel->parent.get(), Message::kPlaced);
  REQUIRE(expect_message(channel->child.get(), Message::kMapped).ok());
  send_error(channel->child.get(), fail(Code::kInvalid, "why"));
  channel->child.reset();
  auto answer = expect_message(channel->parent.get(), Message::kReady);
  REQUIRE(!answer.ok());
  CHECK(answer.error().text == "why");
  CHECK(answer.error().code == Code::kInvalid);
}

TEST_CASE("channel: a process that was killed is told from one that answers") {
  auto channel = make_channel();
  REQUIRE(channel.ok());
  send_message(channel->parent.get(), Message::kMapped);
  channel->child.reset();
  auto answer = expect_message(channel->parent.get(), Message::kReady);
  REQUIRE(!answer.ok());
  CHECK(answer.error().text == "the container's process ended while it was being set up");
  CHECK(expect_end(channel->parent.get()).ok());
}
