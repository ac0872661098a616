#include "cmd/image/untag.h"

#include <algorithm>

#include "engine/image/image.h"

namespace creel::cmd {
namespace {

// The image's name that the user means: written out, completed, or with localhost in front, as find_image() reads it.
Result<std::string> name_meant(const storage::ImageRecord& image, const std::string& text) {
  TRY_SET(const engine::Reference completed, engine::parse_reference(text));
  std::vector<std::string> spellings = {text, completed.text()};
  if (auto local = engine::parse_reference("localhost/" + text)) spellings.push_back(local->text());
  for (const std::string& spelling : spellings) {
    if (std::find(image.names.begin(), image.names.end(), spelling) != image.names.end()) return spelling;
  }
  return fail(Code::kNotFound, text + ": tag not known");
}

}  // namespace

void UntagCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> UntagCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const storage::ImageRecord image, engine::find_image(engine, arguments_[0]));
  std::vector<std::string> names;
  for (std::size_t i = 1; i < arguments_.size(); ++i) {
    TRY_SET(std::string name, name_meant(image, arguments_[i]));
    names.push_back(std::move(name));
  }
  if (arguments_.size() == 1) names = image.names;
  if (names.empty()) return 0;
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  for (const std::string& name : names) TRY(store->untag_image(name));
  return 0;
}

}  // namespace creel::cmd
