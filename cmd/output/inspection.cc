#include "cmd/output/inspection.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/command.h"
#include "cmd/exit_code.h"
#include "cmd/output/output.h"

namespace creel::cmd {

Inspection::Inspection(std::string format)
    : format_(std::move(format)), documents_(std::make_unique<nlohmann::json>(nlohmann::json::array())) {}
Inspection::~Inspection() = default;

void Inspection::add(Result<nlohmann::json> found) {
  if (found) {
    documents_->push_back(std::move(*found));
  } else {
    errors_.push_back(std::move(found).error());
  }
}

int Inspection::print() {
  if (means_json(format_) || format_.empty()) {
    std::printf("%s\n", inspect_text(*documents_).c_str());
  } else {
    for (const nlohmann::json& document : *documents_) {
      auto text = render_template(unescaped(format_), document);
      if (text) {
        std::printf("%s\n", text->c_str());
      } else {
        errors_.push_back(std::move(text).error());
        break;
      }
    }
  }
  for (const Error& error : errors_) print_error(error);
  return errors_.empty() ? 0 : kExitEngine;
}

}  // namespace creel::cmd
