#include "engine/system/inside.h"

#include "rootless/userns.h"

namespace creel::engine {

Result<Engine> open_inside(const Options& options) {
  TRY_SET(Engine engine, Engine::open(options));
  if (engine.identity() != rootless::Identity::kUser) return engine;
  auto entered = rootless::enter(engine.identity(), engine.paths().runtime);
  if (!entered.ok() && entered.error().code == Code::kUnavailable) return engine;
  if (!entered.ok()) return std::move(entered).error();
  Options inside = options;
  inside.inside_userns = true;
  // Root there has another home.
  inside.root = engine.paths().store;
  inside.runroot = engine.paths().runtime;
  return Engine::open(inside);
}

}  // namespace creel::engine
