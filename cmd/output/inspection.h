// What every inspect prints: a JSON array of those found, or a template's line for each; an error for each of the
// others.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace creel::cmd {

class Inspection {
 public:
  explicit Inspection(std::string format);
  ~Inspection();
  Inspection(const Inspection&) = delete;
  Inspection& operator=(const Inspection&) = delete;
  void add(Result<nlohmann::json> found);
  // Prints; the exit code: 0, or the engine's when anything was not found or not rendered.
  int print();

 private:
  std::string format_;
  std::unique_ptr<nlohmann::json> documents_;
  std::vector<Error> errors_;
};

}  // namespace creel::cmd
